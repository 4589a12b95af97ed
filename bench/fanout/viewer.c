/* SPDX-License-Identifier: MIT */
#include "viewer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum { CONNECTIONS_PER_ADDRESS = 20000, OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

void hall_fail(hall *h, const char *what)
{
    if (h->error[0] == '\0')
        (void)snprintf(h->error, sizeof h->error, "%s", what);
}

/* ---- connecting ---- */

int hall_dial(uint16_t port, unsigned index)
{
    static const int on = 1;
    struct sockaddr_in from = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + index / CONNECTIONS_PER_ADDRESS),
    };
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) == 0 &&
        bind(fd, (struct sockaddr *)&from, sizeof from) == 0 &&
        connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0)
        return fd;

    int saved = errno;

    (void)close(fd);
    errno = saved;
    return -1;
}

/* What viewers send is short: the socket takes it at once. */
static void send_now(hall *h, viewer *v, buf *out)
{
    if (out->failed || send(v->fd, out->data, out->len, MSG_NOSIGNAL) != (ssize_t)out->len)
        hall_fail(h, "a viewer cannot send");
    buf_fini(out);
}

static unsigned nth_channel(const hall *h, const viewer *v, unsigned nth)
{
    return h->plan.per_viewer == 1 ? v->index % h->plan.channels : nth;
}

void viewer_connect(hall *h, viewer *v)
{
    buf query = {0};
    buf out = {0};
    char name[CHANNEL_NAME_CAP];

    v->fd = hall_dial(h->plan.port, v->index);
    if (v->fd < 0) {
        hall_fail(h, strerror(errno));
        return;
    }
    (void)fcntl(v->fd, F_SETFL, O_NONBLOCK);
    for (unsigned i = 0; i < h->plan.per_viewer && !h->plan.dialect->commands; i++) {
        channel_name(name, nth_channel(h, v, i));
        buf_printf(&query, "%s%s", i == 0 ? "?c=" : ",", name);
    }
    dialect_handshake(&out, h->plan.dialect->viewer_path, buf_view(&query));
    buf_fini(&query);
    v->state = VIEWER_UPGRADING;
    h->waiting++;
    send_now(h, v, &out);
}

static void settle(hall *h, viewer *v)
{
    v->state = VIEWER_CONNECTED;
    h->waiting--;
}

static void send_text(hall *h, viewer *v, view text)
{
    buf out = {0};

    dialect_client_frame(&out, OP_TEXT, text);
    send_now(h, v, &out);
}

void viewer_subscribe(hall *h, viewer *v)
{
    buf commands = {0};
    char name[CHANNEL_NAME_CAP];

    if (!h->plan.dialect->commands)
        return;
    for (unsigned i = 0; i < h->plan.per_viewer; i++) {
        channel_name(name, nth_channel(h, v, i));
        buf_printf(&commands, "%s{\"id\":%u,\"subscribe\":{\"channel\":\"%s\"}}",
                   i == 0 ? "" : "\n", i + 2, name);
    }
    v->state = VIEWER_SUBSCRIBING;
    h->waiting++;
    send_text(h, v, buf_view(&commands));
    buf_fini(&commands);
}

/* Returns how many bytes belong to the answer, 0 while it is incomplete. */
static size_t upgraded(hall *h, viewer *v, view in)
{
    static const char end[] = "\r\n\r\n";
    const char *at = memmem(in.ptr, in.len, end, sizeof end - 1);

    if (at == NULL)
        return 0;
    if (strncmp(in.ptr, "HTTP/1.1 101", 12) != 0)
        hall_fail(h, "the server refuses to upgrade");
    if (!h->plan.dialect->commands) {
        settle(h, v);
    } else {
        v->state = VIEWER_CONNECTING;
        send_text(h, v, (view){"{\"id\":1,\"connect\":{}}", 21});
    }
    return (size_t)(at - in.ptr) + sizeof end - 1;
}

/* ---- what is not a publication ---- */

static bool holds(view payload, const char *text)
{
    return memmem(payload.ptr, payload.len, text, strlen(text)) != NULL;
}

static void take_reply(hall *h, viewer *v, view payload)
{
    char last[24];

    if (holds(payload, "\"error\":"))
        hall_fail(h, "the server answers with an error");
    if (v->state == VIEWER_CONNECTING && holds(payload, "\"connect\":"))
        settle(h, v);
    (void)snprintf(last, sizeof last, "\"id\":%u,", h->plan.per_viewer + 1);
    if (v->state != VIEWER_SUBSCRIBING || !holds(payload, last))
        return;
    if (h->plan.dialect->subscribed != NULL && !holds(payload, h->plan.dialect->subscribed))
        hall_fail(h, "a subscription is not what it should be");
    settle(h, v);
}

static void take_other(hall *h, viewer *v, unsigned opcode, view payload)
{
    buf out = {0};

    if (opcode == OP_CLOSE) {
        hall_fail(h, "the server closes a connection");
    } else if (opcode == OP_PING) {
        dialect_client_frame(&out, OP_PONG, payload);
        send_now(h, v, &out);
    } else if (h->plan.dialect->commands && payload.len == 2) {
        send_text(h, v, payload); /* {}: a ping, whose answer is the same */
    } else {
        take_reply(h, v, payload);
    }
}

/* ---- publications ---- */

/* Where messages begin in their lines, and how long they are, is the same for a whole run. What
 * follows a message is not: an offset has more digits with time. False: this is none. */
static bool learn(hall *h, view payload)
{
    const char *at = memmem(payload.ptr, payload.len, message_head, MESSAGE_HEAD);
    const char *end = at == NULL ? NULL : memchr(at, '}', payload.len - (size_t)(at - payload.ptr));

    if (end == NULL)
        return false;
    h->message_at = (size_t)(at - payload.ptr);
    h->message_len = (size_t)(end - at) + 1;
    return true;
}

static bool is_publication(hall *h, view payload)
{
    if (h->message_len == 0)
        return learn(h, payload);
    return payload.len >= h->message_at + h->message_len &&
           memcmp(payload.ptr + h->message_at, message_head, MESSAGE_HEAD) == 0;
}

static void count_message(hall *h, viewer *v, const char *message)
{
    uint64_t sent_ns = message_number(message + MESSAGE_TIME_AT, 16);
    uint32_t sequence = (uint32_t)message_number(message + MESSAGE_SEQUENCE_AT, 8);

    if (sequence < v->next && h->plan.per_viewer == 1)
        hall_fail(h, "a message comes twice or out of order");
    v->next = sequence + 1;
    v->count++;
    v->sum += sequence;
    h->received++;
    histogram_add(&h->latency, h->now_ns > sent_ns ? h->now_ns - sent_ns : 0);
}

/* The newline from `at` on, or the end. */
static size_t line_end(view payload, size_t at)
{
    const char *end = memchr(payload.ptr + at, '\n', payload.len - at);

    return end == NULL ? payload.len : (size_t)(end - payload.ptr);
}

static void take_frame(hall *h, viewer *v, unsigned opcode, view payload)
{
    if (opcode > 2 || !is_publication(h, payload)) {
        take_other(h, v, opcode, payload);
        return;
    }
    for (size_t at = 0; at + h->message_at + h->message_len <= payload.len;) {
        size_t end = at + h->message_at + h->message_len;

        count_message(h, v, payload.ptr + at + h->message_at);
        at = line_end(payload, end) + 1;
    }
}

/* Length of the header of a frame, and of what follows; 0: more bytes are needed to tell. */
static size_t frame_head(view in, size_t *payload_len)
{
    const unsigned char *at = (const unsigned char *)in.ptr;

    if (in.len < 2)
        return 0;
    *payload_len = at[1];
    if (at[1] < 126)
        return 2;
    if (in.len < 4)
        return 0;
    *payload_len = (size_t)at[2] << 8 | at[3]; /* none of our messages needs 64 bits */
    return 4;
}

/* Returns how many bytes the whole frames have. */
static size_t take_frames(hall *h, viewer *v, view in)
{
    size_t at = 0;

    for (;;) {
        size_t payload_len = 0;
        size_t head = frame_head((view){in.ptr + at, in.len - at}, &payload_len);

        if (head == 0 || in.len - at < head + payload_len)
            return at;
        take_frame(h, v, (unsigned char)in.ptr[at] & 15U, (view){in.ptr + at + head, payload_len});
        at += head + payload_len;
    }
}

/* ---- reading ---- */

static void carry(hall *h, viewer *v, view rest)
{
    v->carry_len = (uint32_t)rest.len;
    if (rest.len == 0)
        return;
    if (v->carry == NULL)
        v->carry = malloc(CARRY_BYTES);
    if (v->carry == NULL || rest.len > CARRY_BYTES) {
        hall_fail(h, "a frame is too long");
        v->carry_len = 0;
        return;
    }
    memcpy(v->carry, rest.ptr, rest.len);
}

void viewer_read(hall *h, viewer *v)
{
    size_t before = v->carry_len;
    ssize_t got = recv(v->fd, h->buffer + before, READ_BYTES, 0);
    view in = {h->buffer, before};
    size_t used = 0;

    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            hall_fail(h, "a viewer lost its connection");
            (void)close(v->fd);
            v->fd = -1;
        }
        return;
    }
    if (before != 0)
        memcpy(h->buffer, v->carry, before);
    in.len += (size_t)got;
    h->now_ns = clock_mono_ns();
    if (v->state == VIEWER_UPGRADING)
        used = upgraded(h, v, in);
    if (v->state != VIEWER_UPGRADING)
        used += take_frames(h, v, (view){in.ptr + used, in.len - used});
    carry(h, v, (view){in.ptr + used, in.len - used});
}

/* ---- counts ---- */

void hall_reset(hall *h)
{
    for (unsigned i = 0; i < h->plan.viewers; i++) {
        h->viewers[i].count = 0;
        h->viewers[i].next = 0;
        h->viewers[i].sum = 0;
    }
    h->received = 0;
    h->message_len = 0;
    memset(&h->latency, 0, sizeof h->latency);
}

void hall_verify(hall *h, uint32_t publications)
{
    for (unsigned i = 0; i < h->plan.viewers; i++) {
        const viewer *v = &h->viewers[i];
        /* The sequence numbers that are due to it: first, first + step, ... */
        uint32_t step = h->plan.per_viewer == 1 ? h->plan.channels : 1;
        uint32_t first = h->plan.per_viewer == 1 ? v->index % h->plan.channels : 0;
        uint64_t count = publications <= first ? 0 : (publications - 1 - first) / step + 1;
        uint64_t sum = count == 0 ? 0 : count * first + step * (count * (count - 1) / 2);

        if (v->count != count || v->sum != sum)
            hall_fail(h, "a viewer did not get what was published to it");
    }
}
