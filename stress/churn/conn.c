/* SPDX-License-Identifier: MIT */
/* One connection from dialling to its end. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper_internal.h"
#include "wire.h"

enum {
    SLOW_READS_PER_S = 10,
};

static uint64_t now_ms(const helper *h)
{
    return h->now_ns / 1000000;
}

static void set_timer(helper *h, conn *c, uint64_t after_ms)
{
    wheel_set(&h->wheel, &c->timer, now_ms(h) + after_ms);
}

/* --- beginning and end */

static void uncount(helper *h, conn *c)
{
    if (c->counted)
        counter_sub(&h->tally->steady, 1);
    c->counted = false;
}

/* Closes the socket, if there is one, and forgets what belonged to it. */
static void release(helper *h, conn *c, bool reset)
{
    const struct linger now = {.l_onoff = 1};

    uncount(h, c);
    wheel_clear(&c->timer);
    if (c->fd >= 0) {
        if (reset)
            (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        (void)close(c->fd);
        counter_sub(&h->tally->open, 1);
    }
    free(c->tail);
    free(c->unsent);
    c->fd = -1;
    c->tail = c->unsent = NULL;
    c->tail_len = c->unsent_len = 0;
    c->generation++;
    c->pending = 0;
    c->slow = c->mute = c->was_slow = false;
}

static void give_back(helper *h, conn *c)
{
    c->state = CONN_FREE;
    h->free_places[h->free_count++] = (uint32_t)(c - h->conns);
}

void conn_cut(helper *h, conn *c, bool reset)
{
    release(h, c, reset);
    give_back(h, c);
}

/* Subscriptions are over; what a recovery needs stays. */
static void forget_subscriptions(helper *h, const conn *c)
{
    sub *subs = helper_subs(h, c);

    for (uint32_t i = 0; i < h->plan->per_connection; i++)
        subs[i].state = SUB_OFF;
}

void conn_again(helper *h, conn *c, uint64_t wait_ms)
{
    release(h, c, false);
    forget_subscriptions(h, c);
    c->state = CONN_WAITING;
    set_timer(h, c, wait_ms);
}

static uint64_t backoff_ms(helper *h, const conn *c)
{
    uint64_t wait = (uint64_t)BACKOFF_MIN_MS << (c->attempts < 5 ? c->attempts : 5);

    if (wait > BACKOFF_MAX_MS)
        wait = BACKOFF_MAX_MS;
    return wait / 2 + helper_random(h) % (wait / 2);
}

/* The end of a connection that we did not ask for: steady ones come back. */
static void end(helper *h, conn *c)
{
    uint16_t index = c->courier;

    if (c->kind == KIND_STEADY) {
        uint64_t wait = backoff_ms(h, c);

        if (c->attempts < UINT8_MAX)
            c->attempts++;
        conn_again(h, c, wait);
        return;
    }

    bool publisher = c->kind == KIND_PUBLISHER;

    conn_cut(h, c, false);
    if (publisher)
        courier_lost(h, index, CAUSE_PUBLISH_CLOSED);
}

void conn_failed(helper *h, conn *c, tally_cause cause)
{
    counter_add(&h->tally->causes[cause], 1);
    counter_add(h->storming ? &h->tally->retries : &h->tally->failures, 1);
    end(h, c);
}

/* The server ended a connection that was open. */
static void closed_by_server(helper *h, conn *c, uint64_t code)
{
    bool expected = c->mute || h->storming;

    tally_code(&h->tally->close_codes, code);
    if (c->slow || c->was_slow)
        counter_add(&h->tally->slow_cut, 1);
    else
        counter_add(expected ? &h->tally->expected_closes : &h->tally->closes, 1);
    end(h, c);
}

/* The server's side of the connection is over, in whatever state it was. */
static void ended(helper *h, conn *c, uint64_t code)
{
    switch (c->state) {
    case CONN_DIALLING:
    case CONN_UPGRADING:
        conn_failed(h, c, CAUSE_UPGRADE_CLOSED);
        break;
    case CONN_GREETING:
        tally_code(&h->tally->close_codes, code);
        conn_failed(h, c, CAUSE_GREETING_CLOSED);
        break;
    case CONN_OPEN:
        closed_by_server(h, c, code);
        break;
    default: /* CLOSING, HELD: as it should be */
        conn_cut(h, c, false);
    }
}

static void dial(helper *h, conn *c)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    int fd = target_dial(h->opts.ws, c->serial);

    counter_add(&h->tally->attempts, 1);
    if (fd >= 0) {
        c->fd = fd;
        counter_add(&h->tally->open, 1);
        event.data.u64 = (uint64_t)c->generation << 32 | (uint64_t)(c - h->conns);
        if (epoll_ctl(h->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
            fd = -errno;
    }
    if (fd < 0) {
        conn_failed(h, c, fd == -ECONNREFUSED ? CAUSE_REFUSED : CAUSE_NO_DESCRIPTOR);
        return;
    }
    c->state = CONN_DIALLING;
    set_timer(h, c, h->plan->timeout_ms);
}

conn *conn_begin(helper *h, uint8_t kind, uint64_t due_ns)
{
    conn *c = NULL;
    uint32_t generation = 0;

    if (h->free_count == 0) {
        counter_add(&h->tally->skipped, 1);
        return NULL;
    }
    c = &h->conns[h->free_places[--h->free_count]];
    generation = c->generation;
    *c = (conn){.fd = -1, .generation = generation, .kind = kind, .due_ns = due_ns};
    c->serial = h->next_serial;
    h->next_serial += h->opts.count;
    wheel_item_init(&c->timer);
    memset(helper_subs(h, c), 0, sizeof(sub) * h->plan->per_connection);
    dial(h, c);
    return c;
}

/* --- writing */

/* Sends what the socket takes and keeps the rest. */
static void write_bytes(helper *h, conn *c, const char *bytes, size_t len)
{
    ssize_t sent = c->unsent_len > 0 ? 0 : send(c->fd, bytes, len, MSG_NOSIGNAL);
    char *grown = NULL;

    if (sent == (ssize_t)len || (sent < 0 && errno != EAGAIN))
        return; /* a broken connection is reported by the next read */
    if (sent > 0) {
        bytes += sent;
        len -= (size_t)sent;
    }
    grown = realloc(c->unsent, c->unsent_len + len);
    if (grown == NULL) {
        conn_failed(h, c, CAUSE_NO_DESCRIPTOR);
        return;
    }
    memcpy(grown + c->unsent_len, bytes, len);
    c->unsent = grown;
    c->unsent_len += (uint32_t)len;
}

static void write_unsent(conn *c)
{
    ssize_t sent = send(c->fd, c->unsent, c->unsent_len, MSG_NOSIGNAL);

    if (sent <= 0)
        return;
    c->unsent_len -= (uint32_t)sent;
    memmove(c->unsent, c->unsent + sent, c->unsent_len);
    if (c->unsent_len == 0) {
        free(c->unsent);
        c->unsent = NULL;
    }
}

static void send_frame(helper *h, conn *c, uint8_t opcode, view payload)
{
    char *frame = h->in + IN_SIZE; /* the room behind the read buffer */

    write_bytes(h, c, frame, wire_write_frame(frame, opcode, helper_random(h), payload));
}

void conn_send(helper *h, conn *c, view text)
{
    if (text.len > IN_SIZE - WIRE_HEAD_MAX)
        conn_failed(h, c, CAUSE_NO_DESCRIPTOR);
    else
        send_frame(h, c, WIRE_TEXT, text);
}

void conn_probe(helper *h, conn *c)
{
    send_frame(h, c, WIRE_PING, (view){0});
}

void conn_leave(helper *h, conn *c)
{
    static const char normal[] = "\x03\xE8"; /* 1000 */

    if (c->state != CONN_OPEN || c->mute || c->slow) {
        conn_cut(h, c, true);
        return;
    }
    uncount(h, c);
    c->state = CONN_CLOSING;
    set_timer(h, c, h->plan->timeout_ms);
    send_frame(h, c, WIRE_CLOSE, (view){.ptr = normal, .len = sizeof normal - 1});
}

/* --- becoming ready */

/* Half of a request and then nothing. */
static void stall(helper *h, conn *c)
{
    c->state = CONN_HELD;
    set_timer(h, c, h->doing->churn.hold_ms);
    write_bytes(h, c, h->upgrade.data, h->upgrade.len / 2);
}

static void connected(helper *h, conn *c)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error != 0) {
        conn_failed(h, c, error == ECONNREFUSED ? CAUSE_REFUSED : CAUSE_UNREACHABLE);
        return;
    }
    if (c->kind == MANNER_STALL) {
        stall(h, c);
        return;
    }
    c->state = CONN_UPGRADING;
    write_bytes(h, c, h->upgrade.data, h->upgrade.len);
}

void conn_opened(helper *h, conn *c)
{
    uint64_t now = clock_mono_ns();

    c->state = CONN_OPEN;
    c->attempts = 0;
    c->opened_ns = now;
    counter_add(&h->tally->connects, 1);
    hist_record(&h->tally->connect, now > c->due_ns ? now - c->due_ns : 0);
    if (c->kind == KIND_PUBLISHER)
        courier_ready(h, c->courier, c);
    if (c->kind == KIND_PUBLISHER || c->kind == MANNER_IDLE)
        conn_ready(h, c);
    else
        speak_subscribe_all(h, c);
}

void conn_ready(helper *h, conn *c)
{
    wheel_clear(&c->timer);
    if (c->kind == KIND_PUBLISHER)
        return;
    if (c->kind != KIND_STEADY) {
        set_timer(h, c, h->doing->churn.stay_ms);
        return;
    }
    if (!c->counted)
        counter_add(&h->tally->steady, 1);
    c->counted = true;
}

/* --- time */

static void vanish(helper *h, conn *c)
{
    if (c->mute) {
        conn_cut(h, c, true);
        return;
    }
    c->mute = true;
    set_timer(h, c, h->doing->churn.hold_ms);
}

/* A connection of the churn has stayed long enough. */
static void depart(helper *h, conn *c)
{
    if (c->kind == MANNER_VANISH) {
        vanish(h, c);
        return;
    }
    verify_leaving(h, c);
    if (c->kind == MANNER_RESET)
        conn_cut(h, c, true);
    else
        conn_leave(h, c);
}

static void open_timer(helper *h, conn *c)
{
    if (c->pending > 0)
        conn_failed(h, c, CAUSE_SUBSCRIBE_TIMEOUT);
    else if (c->slow)
        conn_read(h, c, h->doing->slow.bytes_per_s / SLOW_READS_PER_S, false);
    else if (c->kind < MANNER_COUNT)
        depart(h, c);
}

void conn_on_timer(helper *h, conn *c)
{
    switch (c->state) {
    case CONN_WAITING:
        c->due_ns = h->now_ns;
        dial(h, c);
        break;
    case CONN_DIALLING:
        conn_failed(h, c, CAUSE_CONNECT_TIMEOUT);
        break;
    case CONN_UPGRADING:
        conn_failed(h, c, CAUSE_UPGRADE_TIMEOUT);
        break;
    case CONN_GREETING:
        conn_failed(h, c, CAUSE_GREETING_TIMEOUT);
        break;
    case CONN_OPEN:
        open_timer(h, c);
        break;
    case CONN_CLOSING:
        counter_add(&h->tally->unanswered_closes, 1);
        conn_cut(h, c, true);
        break;
    default: /* HELD: long enough */
        conn_cut(h, c, true);
    }
}

/* --- reading */

/* The HTTP answer up to the empty line. */
static void upgrade_answered(helper *h, conn *c, view head)
{
    uint64_t status = wire_status(head);

    if (status != 101) {
        tally_code(&h->tally->status_codes, status);
        conn_failed(h, c, CAUSE_UPGRADE_STATUS);
    } else if (!view_eq(wire_header(head, VIEW_LIT("Sec-WebSocket-Accept")), view_of(h->accept))) {
        conn_failed(h, c, CAUSE_UPGRADE_INVALID);
    } else if (h->plan->protocol == PROTOCOL_RAW) {
        conn_opened(h, c);
    } else {
        c->state = CONN_GREETING;
        speak_greet(h, c);
    }
}

static size_t take_upgrade(helper *h, conn *c, view bytes)
{
    const char *end = memmem(bytes.ptr, bytes.len, "\r\n\r\n", 4);
    size_t len = 0;

    if (end == NULL)
        return 0;
    len = (size_t)(end - bytes.ptr) + 4;
    upgrade_answered(h, c, (view){.ptr = bytes.ptr, .len = len});
    return len;
}

static void on_close_frame(helper *h, conn *c, view payload)
{
    uint64_t code = 1005; /* RFC 6455 section 7.4.1: none was given */

    if (payload.len >= 2)
        code = (uint64_t)(uint8_t)payload.ptr[0] << 8 | (uint8_t)payload.ptr[1];
    if (c->state != CONN_CLOSING)
        send_frame(h, c, WIRE_CLOSE, (view){.ptr = payload.ptr, .len = payload.len < 2 ? 0 : 2});
    if (c->fd >= 0)
        ended(h, c, code);
}

static void on_frame(helper *h, conn *c, uint8_t first, view payload)
{
    uint8_t opcode = first & 0x0F;
    bool whole = (first & 0x80) != 0;

    if (opcode == WIRE_CLOSE)
        on_close_frame(h, c, payload);
    else if (opcode == WIRE_PING)
        send_frame(h, c, WIRE_PONG, payload);
    else if (opcode == WIRE_CONTINUATION && whole)
        counter_add(&h->tally->fragmented, 1);
    else if ((opcode == WIRE_TEXT || opcode == WIRE_BINARY) && whole && c->state != CONN_CLOSING)
        speak_message(h, c, payload);
}

/* What cannot be from a WebSocket server: a mask, reserved bits, a frame beyond our buffer. */
static bool is_strange(view bytes, uint64_t len)
{
    return (bytes.ptr[1] & 0x80) != 0 || (bytes.ptr[0] & 0x70) != 0 || len > IN_SIZE;
}

/* Takes what is complete; returns how much that was. */
static size_t take_bytes(helper *h, conn *c, view bytes)
{
    uint32_t generation = c->generation;
    size_t used = 0;

    if (c->state == CONN_UPGRADING)
        used = take_upgrade(h, c, bytes);
    while (c->generation == generation && c->state >= CONN_GREETING && used < bytes.len) {
        view rest = view_skip(bytes, used);
        size_t head = 0;
        uint64_t len = wire_frame_len(rest, &head);

        if (len != 0 && is_strange(rest, len)) {
            counter_add(&h->tally->strange, 1);
            ended(h, c, 1002);
            return bytes.len;
        }
        if (len == 0 || len > rest.len)
            break;
        used += len;
        on_frame(h, c, (uint8_t)rest.ptr[0],
                 (view){.ptr = rest.ptr + head, .len = (size_t)len - head});
    }
    return used;
}

static bool keep_tail(conn *c, view rest)
{
    char *tail = rest.len == 0 ? NULL : malloc(rest.len);

    if (tail != NULL)
        memcpy(tail, rest.ptr, rest.len);
    free(c->tail);
    c->tail = tail;
    c->tail_len = tail == NULL ? 0 : (uint32_t)rest.len;
    return tail != NULL || rest.len == 0;
}

void conn_read(helper *h, conn *c, size_t limit, bool to_the_end)
{
    uint32_t generation = c->generation;

    if (c->slow && h->doing->slow.bytes_per_s > 0)
        set_timer(h, c, 1000 / SLOW_READS_PER_S);
    while (limit > 0) {
        size_t room = IN_SIZE - c->tail_len;
        size_t asked = limit < room ? limit : room;
        ssize_t came = recv(c->fd, h->in + c->tail_len, asked, 0);
        size_t used = 0;

        if (came < 0 && errno == EAGAIN)
            return;
        if (came <= 0) {
            ended(h, c, came == 0 ? TALLY_CLOSE_TCP : TALLY_CLOSE_RESET);
            return;
        }
        h->now_ns = clock_mono_ns();
        counter_add(&h->tally->bytes_in, (uint64_t)came);
        if (c->tail_len > 0)
            memcpy(h->in, c->tail, c->tail_len);

        view bytes = {.ptr = h->in, .len = c->tail_len + (size_t)came};

        used = take_bytes(h, c, bytes);
        if (c->generation != generation)
            return;
        if (!keep_tail(c, view_skip(bytes, used))) {
            conn_failed(h, c, CAUSE_NO_DESCRIPTOR);
            return;
        }
        if ((size_t)came < asked && !to_the_end)
            return; /* that was all: more of it makes another event */
        limit -= (size_t)came;
    }
}

/* One that does not read learns of its end by the event alone. */
static void on_event_unread(helper *h, conn *c, uint32_t events)
{
    if ((events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) == 0)
        return;
    ended(h, c, (events & EPOLLERR) != 0 ? TALLY_CLOSE_RESET : TALLY_CLOSE_TCP);
}

void conn_on_event(helper *h, conn *c, uint32_t events)
{
    uint32_t generation = c->generation;

    if (c->state == CONN_DIALLING) {
        connected(h, c);
        if (c->generation != generation || c->state == CONN_DIALLING)
            return;
    }
    if ((events & EPOLLOUT) != 0 && c->unsent_len > 0)
        write_unsent(c);
    if (c->slow || c->mute)
        on_event_unread(h, c, events);
    else if ((events & ~(uint32_t)EPOLLOUT) != 0) /* data and end may come as one event */
        conn_read(h, c, SIZE_MAX, (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0);
}
