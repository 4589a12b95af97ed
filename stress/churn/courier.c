/* SPDX-License-Identifier: MIT */
/*
 * Publishing: by HTTP requests over a few kept connections, or as a client. A channel always goes
 * by the same courier and answers come in the order of the questions, so that the order within a
 * channel is ours and who is answered is known without any id.
 */
#include <errno.h>
#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper_internal.h"
#include "json.h"

enum {
    COURIER_PENDING = 256, /* publications on the way at a time */
    COURIER_IN_SIZE = 16384,
    COURIER_BODY_MAX = 4096, /* what is kept of an answer */
};

typedef enum courier_state {
    COURIER_DOWN, /* to be begun again at retry_ns */
    COURIER_DIALLING,
    COURIER_UP,
} courier_state;

typedef struct pending {
    uint32_t channel;
    uint64_t seq;
    uint64_t due_ns;
    uint64_t sent_ns;
} pending;

struct courier {
    helper *h;
    uint32_t index;
    courier_state state;
    uint64_t retry_ns;
    conn *as_client; /* or by HTTP: */
    int fd;
    http_parser parser;
    buf out;
    buf body;
    pending ring[COURIER_PENDING];
    uint32_t first;
    uint32_t count;
};

static bool by_http(const helper *h)
{
    return h->plan->publish == PUBLISH_HTTP;
}

/* --- what became of a publication */

static void publishing_changed(helper *h, int by)
{
    counter_set(&h->shared->publishing, counter_get(&h->shared->publishing) + (uint64_t)by);
}

static pending take_first(courier *k)
{
    pending p = k->ring[k->first];

    k->first = (k->first + 1) % COURIER_PENDING;
    k->count--;
    publishing_changed(k->h, -1);
    return p;
}

static void unpublished(helper *h, pending p, tally_cause cause)
{
    counter_add(&h->tally->causes[cause], 1);
    counter_add(h->storming ? &h->tally->retries : &h->tally->unpublished, 1);
    shared_add_doubt(&h->shared->channels[p.channel], p.seq);
}

void courier_answered(helper *h, uint32_t index, tally_cause cause)
{
    courier *k = &h->couriers[index];
    pending p = {0};
    uint64_t now = clock_mono_ns();

    if (k->count == 0) {
        counter_add(&h->tally->strange, 1);
        return;
    }
    p = take_first(k);
    if (cause != CAUSE_COUNT) {
        unpublished(h, p, cause);
        return;
    }
    counter_add(&h->tally->accepted, 1);
    h->accepted[p.channel] = p.seq;
    hist_record(&h->tally->publish, now > p.due_ns ? now - p.due_ns : 0);
}

void courier_lost(helper *h, uint32_t index, tally_cause cause)
{
    courier *k = &h->couriers[index];

    while (k->count > 0)
        unpublished(h, take_first(k), cause);
    k->state = COURIER_DOWN;
    k->as_client = NULL;
    k->retry_ns = h->now_ns + (uint64_t)BACKOFF_MIN_MS * 1000000;
}

void courier_ready(helper *h, uint32_t index, conn *c)
{
    h->couriers[index].state = COURIER_UP;
    h->couriers[index].as_client = c;
}

/* --- HTTP */

static void down(courier *k, tally_cause cause)
{
    if (k->fd >= 0)
        (void)close(k->fd);
    k->fd = -1;
    buf_reset(&k->out);
    buf_reset(&k->body);
    courier_lost(k->h, k->index, cause);
}

static int on_body(http_parser *parser, const char *bytes, size_t len)
{
    courier *k = parser->data;

    if (k->body.len + len <= COURIER_BODY_MAX)
        buf_append(&k->body, bytes, len);
    return 0;
}

/* The error of {"error":{"code":102,...}}; 0: it is none. */
static uint64_t error_code_of(view body)
{
    static const char begin[] = "{\"error\":";
    const char *code = NULL;

    if (!view_starts_with(body, view_of(begin)))
        return 0;
    code = memmem(body.ptr, body.len, "\"code\":", 7);
    return code == NULL ? 1 : strtoull(code + 7, NULL, 10);
}

static int on_answer(http_parser *parser)
{
    courier *k = parser->data;
    uint64_t error = 0;

    buf_append_char(&k->body, '\0');
    error = k->body.failed ? 0 : error_code_of((view){.ptr = k->body.data, .len = k->body.len - 1});
    if (parser->status_code / 100 != 2) {
        tally_code(&k->h->tally->status_codes, parser->status_code);
        courier_answered(k->h, k->index, CAUSE_PUBLISH_STATUS);
    } else if (error != 0) {
        tally_code(&k->h->tally->error_codes, error);
        courier_answered(k->h, k->index, CAUSE_PUBLISH_ERROR);
    } else {
        courier_answered(k->h, k->index, CAUSE_COUNT);
    }
    buf_reset(&k->body);
    return 0;
}

static void flush(courier *k)
{
    while (k->state == COURIER_UP && k->out.len > 0) {
        ssize_t sent = send(k->fd, k->out.data, k->out.len, MSG_NOSIGNAL);

        if (sent < 0)
            return; /* full, or broken: the next event tells */
        buf_consume(&k->out, (size_t)sent);
    }
}

static void receive(courier *k)
{
    static const http_parser_settings settings = {.on_body = on_body,
                                                  .on_message_complete = on_answer};
    char bytes[COURIER_IN_SIZE];

    for (;;) {
        ssize_t came = recv(k->fd, bytes, sizeof bytes, 0);

        if (came < 0 && errno == EAGAIN)
            return;
        if (came <= 0 ||
            http_parser_execute(&k->parser, &settings, bytes, (size_t)came) != (size_t)came) {
            down(k, CAUSE_PUBLISH_CLOSED);
            return;
        }
    }
}

void courier_on_event(helper *h, uint32_t index, uint32_t events)
{
    courier *k = &h->couriers[index];
    int error = 0;
    socklen_t len = sizeof error;

    if (k->fd < 0)
        return;
    if (k->state == COURIER_DIALLING) {
        (void)getsockopt(k->fd, SOL_SOCKET, SO_ERROR, &error, &len);
        if (error != 0) {
            down(k, CAUSE_PUBLISH_CLOSED);
            return;
        }
        k->state = COURIER_UP;
    }
    flush(k);
    if ((events & ~(uint32_t)EPOLLOUT) != 0)
        receive(k);
}

static void dial_http(courier *k)
{
    helper *h = k->h;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.u64 = EVENT_COURIER | k->index};

    k->fd = target_dial(h->opts.api, k->index);
    if (k->fd < 0 || epoll_ctl(h->epoll_fd, EPOLL_CTL_ADD, k->fd, &event) != 0) {
        down(k, CAUSE_PUBLISH_CLOSED);
        return;
    }
    http_parser_init(&k->parser, HTTP_RESPONSE);
    k->parser.data = k;
    k->state = COURIER_DIALLING;
}

static void dial_client(courier *k)
{
    conn *c = NULL;

    k->state = COURIER_DIALLING;
    k->retry_ns = UINT64_MAX;
    c = conn_begin(k->h, KIND_PUBLISHER, k->h->now_ns);
    if (c == NULL)
        courier_lost(k->h, k->index, CAUSE_PUBLISH_CLOSED);
    else
        c->courier = (uint16_t)k->index;
}

static void write_request(courier *k, uint32_t channel, view payload)
{
    const helper *h = k->h;
    bool raw = h->plan->protocol == PROTOCOL_RAW;
    buf body = {0};

    if (raw) {
        buf_append_view(&body, payload);
    } else {
        char name[256];

        (void)snprintf(name, sizeof name, "%s%u", h->plan->channel_prefix, channel);
        buf_append_lit(&body, "{\"channel\":");
        json_write_string(&body, view_of(name));
        buf_append_lit(&body, ",\"data\":");
        buf_append_view(&body, payload);
        buf_append_char(&body, '}');
    }
    buf_printf(&k->out, "POST %s%s HTTP/1.1\r\nHost: %s\r\n", h->opts.api->path,
               raw ? "" : "/publish", h->opts.api->host);
    if (h->opts.api_key != NULL)
        buf_printf(&k->out, "X-API-Key: %s\r\n", h->opts.api_key);
    buf_printf(&k->out, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body.len);
    buf_append_view(&k->out, buf_view(&body));
    k->out.failed |= body.failed;
    buf_fini(&body);
}

/* --- all of them */

bool courier_start_all(helper *h)
{
    bool echo = h->plan->protocol == PROTOCOL_RAW && h->plan->raw == RAW_ECHO;

    if (h->opts.index != 0 || echo || !plan_does(h->plan, ACT_BROADCAST))
        return true;
    h->couriers = calloc(h->plan->publishers, sizeof *h->couriers);
    h->accepted = calloc(h->plan->channels, sizeof *h->accepted);
    if (h->couriers == NULL || h->accepted == NULL)
        return false;
    h->courier_count = h->plan->publishers;
    for (uint32_t i = 0; i < h->courier_count; i++) {
        h->couriers[i].h = h;
        h->couriers[i].index = i;
        h->couriers[i].fd = -1;
    }
    h->rotate_ns = h->now_ns + (uint64_t)h->plan->settle_ms * 1000000;
    return true;
}

void courier_stop_all(helper *h)
{
    for (uint32_t i = 0; i < h->courier_count; i++) {
        if (h->couriers[i].fd >= 0)
            (void)close(h->couriers[i].fd);
        buf_fini(&h->couriers[i].out);
        buf_fini(&h->couriers[i].body);
    }
    free(h->couriers);
    free(h->accepted);
    h->courier_count = 0;
}

/* What was confirmed a settle time ago must have arrived everywhere by now. */
static void rotate(helper *h)
{
    for (uint32_t i = 0; i < h->plan->channels; i++) {
        shared_channel *channel = &h->shared->channels[i];

        counter_set(&channel->settled, counter_get(&channel->recent));
        counter_set(&channel->recent, h->accepted[i]);
    }
    h->rotate_ns = h->now_ns + (uint64_t)h->plan->settle_ms * 1000000;
}

static void courier_check(courier *k)
{
    helper *h = k->h;
    uint64_t oldest = k->count == 0 ? UINT64_MAX : k->ring[k->first].sent_ns;

    if (k->state == COURIER_DOWN && h->now_ns >= k->retry_ns) {
        if (by_http(h))
            dial_http(k);
        else
            dial_client(k);
    } else if (oldest < h->now_ns && h->now_ns - oldest > (uint64_t)h->plan->timeout_ms * 1000000) {
        if (k->as_client != NULL)
            conn_cut(h, k->as_client, true);
        down(k, CAUSE_PUBLISH_TIMEOUT);
    }
}

void courier_turn(helper *h)
{
    for (uint32_t i = 0; i < h->courier_count; i++)
        courier_check(&h->couriers[i]);
    if (h->courier_count > 0 && h->now_ns >= h->rotate_ns)
        rotate(h);
}

/* The next steady connection that is ready sends to itself. */
static bool publish_echo(helper *h, uint64_t due_ns)
{
    for (uint32_t tries = 0; tries < h->capacity; tries++) {
        conn *c = &h->conns[h->next_channel++ % h->capacity];
        uint32_t id = helper_channel(h, c, 0);
        shared_channel *channel = &h->shared->channels[id];
        stamp s = {.channel = id, .seq = counter_get(&channel->begun) + 1, .due_ns = due_ns};
        size_t len = 0;

        if (!c->counted)
            continue;
        len = stamp_write(h->payload, h->doing->broadcast.size, s);
        counter_set(&channel->begun, s.seq);
        counter_add(&h->tally->published, 1);
        counter_add(&h->tally->accepted, 1);
        conn_send(h, c, (view){.ptr = h->payload, .len = len});
        return true;
    }
    return false;
}

static void hand_over(courier *k, stamp s, view payload)
{
    helper *h = k->h;

    k->ring[(k->first + k->count) % COURIER_PENDING] = (pending){
        .channel = s.channel, .seq = s.seq, .due_ns = s.due_ns, .sent_ns = clock_mono_ns()};
    k->count++;
    publishing_changed(h, 1);
    if (by_http(h)) {
        write_request(k, s.channel, payload);
        if (k->out.failed)
            down(k, CAUSE_PUBLISH_CLOSED);
        else
            flush(k);
        return;
    }
    speak_publish(h, k->as_client, s.channel, payload);
    if (h->plan->protocol == PROTOCOL_RAW && k->count > 0)
        courier_answered(h, k->index, CAUSE_COUNT); /* a plain server confirms nothing */
}

bool courier_publish(helper *h, uint64_t due_ns)
{
    uint32_t id = h->next_channel % h->plan->channels;
    courier *k = NULL;
    shared_channel *channel = &h->shared->channels[id];
    stamp s = {.channel = id, .seq = counter_get(&channel->begun) + 1, .due_ns = due_ns};
    size_t len = 0;

    if (h->plan->protocol == PROTOCOL_RAW && h->plan->raw == RAW_ECHO)
        return publish_echo(h, due_ns);
    k = &h->couriers[id % h->courier_count];
    if (k->state != COURIER_UP || k->count == COURIER_PENDING)
        return false;
    h->next_channel = id + 1;
    len = stamp_write(h->payload, h->doing->broadcast.size, s);
    counter_set(&channel->begun, s.seq); /* before anybody can see it */
    counter_add(&h->tally->published, 1);
    hand_over(k, s, (view){.ptr = h->payload, .len = len});
    return true;
}
