/* SPDX-License-Identifier: MIT */
#include "fake_hub.h"

#include <stdlib.h>

#include <criterion/criterion.h>

enum { HEADER = 4 };

static ssize_t sink_write(hub_conn *hc, const struct iovec *iov, int count)
{
    fake_conn *c = fake_conn_of(hc);
    size_t taken = 0;

    if (c->broken)
        return -1;
    for (int i = 0; i < count; i++) {
        size_t len = iov[i].iov_len < c->room ? iov[i].iov_len : c->room;

        buf_append(&c->wire, iov[i].iov_base, len);
        c->room -= len;
        taken += len;
        if (len < iov[i].iov_len)
            break;
    }
    if (taken != 0)
        c->writes++;
    return (ssize_t)taken;
}

/* The last first: the hub may not count on an order among connections. */
static void sink_write_many(void *arg, hub_write *writes, unsigned count)
{
    (void)arg;
    cr_assert(count > 0 && count <= HUB_WRITES);
    for (unsigned i = count; i-- != 0;) {
        for (unsigned k = 0; k < i; k++)
            cr_assert_neq(writes[k].conn, writes[i].conn);
        writes[i].written = sink_write(writes[i].conn, writes[i].iov, writes[i].count);
    }
}

static void sink_want_write(hub_conn *c, bool on)
{
    fake_conn_of(c)->wants_write = on;
}

static void sink_hold_little(hub_conn *c)
{
    fake_conn_of(c)->holds_little++;
}

static void sink_disconnect(hub_conn *c, uint32_t code, view reason)
{
    cr_assert_gt(reason.len, 0);
    fake_conn_of(c)->closed_with = code;
    fake_conn_of(c)->closings++;
    hub_conn_leave(c);
}

static void sink_released(hub_conn *hc)
{
    fake_conn *c = fake_conn_of(hc);

    c->fake->released++;
    buf_fini(&c->wire);
    free(c);
}

static frame *sink_frame(view message)
{
    frame *f = frame_new(HEADER + message.len);
    uint32_t len = (uint32_t)message.len;

    if (f == NULL)
        return NULL;
    memcpy(f->data, &len, HEADER);
    memcpy(f->data + HEADER, message.ptr, message.len);
    return f;
}

static size_t sink_message_len(view framed)
{
    uint32_t len;

    memcpy(&len, framed.ptr, HEADER);
    return HEADER + len;
}

static void sink_hasten(hub_conn *c)
{
    fake_conn_of(c)->hastened++;
}

static void sink_wake(void *arg)
{
    (void)arg; /* the test runs the turns */
}

const hub_sink fake_sink = {
    .write = sink_write,
    .write_many = sink_write_many,
    .want_write = sink_want_write,
    .hold_little = sink_hold_little,
    .disconnect = sink_disconnect,
    .released = sink_released,
    .frame = sink_frame,
    .message_len = sink_message_len,
    .hasten = sink_hasten,
    .wake = sink_wake,
};

void fake_open(fake *f, size_t queue_max)
{
    fake_open_with(f, &(hub_opts){.queue_max_bytes = queue_max});
}

void fake_open_with(fake *f, const hub_opts *opts)
{
    hub_opts mine = *opts;

    mine.workers = FAKE_WORKERS;
    mine.sink = &fake_sink;
    *f = (fake){.hub = hub_new(&mine)};
    cr_assert_not_null(f->hub);
    hub_thread_enter(f->hub);
    for (unsigned i = 0; i < FAKE_WORKERS; i++) {
        f->workers[i] = hub_worker_init(f->hub, i, NULL);
        if (getenv("FAKE_WRITE_MANY") != NULL)
            cr_assert(hub_worker_write_many(f->workers[i]));
    }
}

void fake_close(fake *f)
{
    hub_figures left;

    fake_settle(f);
    left = hub_count(f->hub);
    cr_assert_eq(left.clients, 0);
    cr_assert_eq(left.users, 0);
    cr_assert_eq(left.channels, 0);
    cr_assert_eq(left.subscriptions, 0);
    hub_thread_leave(f->hub);
    hub_free(f->hub);
}

fake_conn *fake_accept(fake *f, unsigned at, size_t size)
{
    fake_conn *c = calloc(1, offsetof(fake_conn, conn) + size);

    cr_assert_not_null(c);
    c->fake = f;
    c->room = SIZE_MAX;
    hub_conn_init(&c->conn, f->workers[at]);
    return c;
}

fake_conn *fake_connect(fake *f, unsigned at, const char *user)
{
    fake_conn *c = fake_accept(f, at, sizeof c->conn);

    cr_assert_eq(hub_conn_join(&c->conn, view_of(user), (view){0}), GCAST_OK);
    return c;
}

void fake_disconnect(fake_conn *c)
{
    hub_conn_leave(&c->conn);
    hub_conn_release(&c->conn);
}

bool fake_turn(fake *f, unsigned at)
{
    bool more;

    hub_worker_bind(f->workers[at]);
    more = hub_worker_turn(f->workers[at], f->now_ms);
    hub_worker_bind(NULL);
    return more;
}

void fake_run(fake *f)
{
    /* a letter leads to at most three others in a row: a check to its home worker and back, and what
     * its answer leads to */
    for (int round = 0; round < 4; round++) {
        for (unsigned i = 0; i < FAKE_WORKERS; i++) {
            while (fake_turn(f, i))
                continue;
        }
    }
}

void fake_settle(fake *f)
{
    hub_barrier(f->hub);
    fake_run(f);
}

void fake_publish(fake *f, const char *channel, const char *data)
{
    publication pub = {.data = view_of(data)};

    cr_assert_eq(hub_publish(f->hub, view_of(channel), &pub), GCAST_OK);
}

unsigned fake_count(fake_conn *c)
{
    view rest = buf_view(&c->wire);
    unsigned count = 0;

    for (; rest.len != 0; count++)
        rest = view_skip(rest, sink_message_len(rest));
    return count;
}

const char *fake_messages(fake_conn *c)
{
    static buf text;
    view rest = buf_view(&c->wire);

    buf_fini(&text);
    while (rest.len != 0) {
        size_t len = sink_message_len(rest);

        if (text.len != 0)
            buf_append_char(&text, '|');
        buf_append(&text, rest.ptr + HEADER, len - HEADER);
        rest = view_skip(rest, len);
    }
    buf_append_char(&text, '\0');
    return text.data;
}

const char *fake_data(fake_conn *c)
{
    static const char member[] = "\"data\":";
    static buf text;
    const char *at = fake_messages(c);

    buf_fini(&text);
    while ((at = strstr(at, member)) != NULL) {
        at += sizeof member - 1;
        if (text.len != 0)
            buf_append_char(&text, '|');
        buf_append(&text, at, strcspn(at, ",}"));
    }
    buf_append_char(&text, '\0');
    return text.data;
}
