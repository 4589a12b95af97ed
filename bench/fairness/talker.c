/* SPDX-License-Identifier: MIT */
#include "talker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "dialect.h"

enum { OP_TEXT = 1, OP_PING = 9, PATIENCE_S = 20 };

static bool complain(const char *what)
{
    (void)fprintf(stderr, "bench-fairness: %s\n", what);
    return false;
}

static bool send_all(int fd, buf *out)
{
    bool good = !out->failed && send(fd, out->data, out->len, MSG_NOSIGNAL) == (ssize_t)out->len;

    buf_fini(out);
    return good || complain("cannot send");
}

/* Reads until these bytes have come, and forgets all up to their end. */
static bool await(talker *t, view bytes)
{
    for (;;) {
        char *at = memmem(t->in, t->len, bytes.ptr, bytes.len);
        ssize_t got = 0;

        if (at != NULL) {
            size_t used = (size_t)(at - t->in) + bytes.len;

            t->len -= used;
            memmove(t->in, t->in + used, t->len);
            return true;
        }
        if (t->len == sizeof t->in)
            return complain("an answer does not come");
        got = recv(t->fd, t->in + t->len, sizeof t->in - t->len, 0);
        if (got <= 0)
            return complain("the connection is lost, or an answer takes too long");
        t->len += (size_t)got;
    }
}

/* The buffer is set before connecting: what has been offered to the peer cannot be taken back. */
static bool dial(talker *t, int buffer)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(t->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;

    t->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (t->fd < 0)
        return false;
    (void)setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (buffer != 0)
        (void)setsockopt(t->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    return connect(t->fd, (struct sockaddr *)&to, sizeof to) == 0;
}

static bool shake_hands(talker *t, int buffer)
{
    buf out = {0};

    t->len = 0;
    if (!dial(t, buffer))
        return complain("cannot connect");
    dialect_handshake(&out, dialect_centrifugo.viewer_path, (view){0});
    return send_all(t->fd, &out) && await(t, VIEW_LIT("HTTP/1.1 101")) &&
           await(t, VIEW_LIT("\r\n\r\n"));
}

bool talker_say(talker *t, view text)
{
    buf out = {0};

    dialect_client_frame(&out, OP_TEXT, text);
    return send_all(t->fd, &out);
}

bool talker_open(talker *t, uint16_t port, const char *channel, int buffer)
{
    char text[128];
    int len = 0;

    *t = (talker){.fd = -1, .port = port};
    if (!shake_hands(t, buffer) || !talker_say(t, VIEW_LIT("{\"id\":1,\"connect\":{}}")) ||
        !await(t, VIEW_LIT("\"connect\":")))
        return false;
    if (channel == NULL)
        return true;
    len = snprintf(text, sizeof text, "{\"id\":2,\"subscribe\":{\"channel\":\"%s\"}}", channel);
    return talker_say(t, (view){text, (size_t)len}) && await(t, VIEW_LIT("\"subscribe\":{}}"));
}

void talker_close(talker *t)
{
    if (t->fd >= 0)
        (void)close(t->fd);
    t->fd = -1;
}

uint64_t talker_ping(talker *t)
{
    static const char pong[] = {(char)0x8a, 1, 'p'};
    uint64_t begin = clock_mono_ns();
    buf out = {0};

    dialect_client_frame(&out, OP_PING, VIEW_LIT("p"));
    if (!send_all(t->fd, &out) || !await(t, (view){pong, sizeof pong}))
        return 0;
    return clock_mono_ns() - begin;
}

uint64_t talker_arrive(talker *t)
{
    talker visitor = {.port = t->port};
    uint64_t begin = clock_mono_ns();
    bool good = shake_hands(&visitor, 0);
    uint64_t took = clock_mono_ns() - begin;

    talker_close(&visitor);
    return good ? took : 0;
}

uint64_t talker_publish(talker *t, const char *channel)
{
    uint64_t begin = clock_mono_ns();
    char text[128];
    char answer[64];
    int len = 0;

    t->count++;
    len = snprintf(text, sizeof text, "{\"id\":3,\"publish\":{\"channel\":\"%s\",\"data\":[%u]}}",
                   channel, t->count);
    if (!talker_say(t, (view){text, (size_t)len}))
        return 0;
    len = snprintf(answer, sizeof answer, "\"pub\":{\"data\":[%u]", t->count);
    if (!await(t, (view){answer, (size_t)len}))
        return 0;
    return clock_mono_ns() - begin;
}
