/* SPDX-License-Identifier: MIT */
/*
 * What the socket of one connection did not take: frames with how far they are written. Made when a
 * write falls short and freed when all is written, so that only slow connections pay for it. Here,
 * and only here, a frame is counted for a recipient.
 *
 * A publication of a channel that conflates replaces the older one of its topic (queue.h): those wait
 * without a limit in bytes, as there are only so many topics.
 */
#include <stdlib.h>

#include "clock.h"
#include "hub_internal.h"
#include "queue.h"

enum { WRITE_SEGMENTS = 64 };

struct hub_outbox {
    frame_queue queue;
    uint64_t stalled_since_ms; /* when the socket last took something */
    bool held;                 /* nothing is to be written yet */
};

static hub_outbox *outbox_open(hub_conn *c)
{
    if (c->outbox != NULL)
        return c->outbox;
    c->outbox = calloc(1, sizeof *c->outbox);
    if (c->outbox == NULL)
        return NULL;
    c->outbox->stalled_since_ms = clock_mono_ms();
    c->worker->hub->opts.sink->want_write(c, true);
    return c->outbox;
}

static void doom_for_memory(hub_conn *c)
{
    metric_add(&c->worker->metrics.x_out_of_memory, 1);
    conn_doom(c, DISCONNECT_INTERNAL);
}

/* Bytes that count towards the limit: those behind the segment that is being written, as one message
 * may be larger than the limit, and while it is on its way the next ones must still fit in; and only
 * those that nothing newer can replace. */
static size_t waiting(const frame_queue *q)
{
    const segment *first = q->count == 0 ? NULL : queue_first(q);
    size_t counted = q->bytes - q->topic_bytes;

    return first == NULL || first->frame->topic_len != 0 ? counted
                                                         : counted - (first->to - first->from);
}

static bool is_over_limit(const hub_conn *c, const frame_queue *q, const frame *f, uint32_t from)
{
    if (c->closing || q->count == 0)
        return false; /* a closing connection still gets its close frame */
    return f->topic_len == 0 && waiting(q) + (f->len - from) > c->worker->hub->opts.queue_max_bytes;
}

bool outbox_append(hub_conn *c, frame *f, uint32_t from)
{
    hub_outbox *o = outbox_open(c);

    if (o != NULL && is_over_limit(c, &o->queue, f, from)) {
        metric_add(&c->worker->metrics.x_slow_disconnects, 1);
        conn_doom(c, DISCONNECT_SLOW);
        return false;
    }

    queue_put_result result = o == NULL ? QUEUE_NOMEM : queue_put(&o->queue, f, from);

    if (result == QUEUE_REPLACED)
        metric_add(&c->worker->metrics.x_conflated_total, 1);
    if (result != QUEUE_NOMEM)
        return true;
    doom_for_memory(c);
    return false;
}

void outbox_free(hub_conn *c)
{
    hub_outbox *o = c->outbox;

    if (o == NULL)
        return;
    queue_clear(&o->queue);
    free(o);
    c->outbox = NULL;
}

static ssize_t write_some(hub_conn *c, const frame_queue *q)
{
    struct iovec iov[WRITE_SEGMENTS];
    uint32_t at = 0;
    int parts = 0;

    for (const segment *s; parts < WRITE_SEGMENTS && (s = queue_next(q, &at)) != NULL;)
        iov[parts++] = (struct iovec){s->frame->data + s->from, s->to - s->from};
    return c->worker->hub->opts.sink->write(c, iov, parts);
}

void hub_conn_writable(hub_conn *c)
{
    hub_outbox *o = c->outbox;

    if (o != NULL && o->held)
        return;
    while (o != NULL && o->queue.count != 0) {
        ssize_t written = write_some(c, &o->queue);

        if (written <= 0)
            return; /* later, or never: the transport knows */
        o->stalled_since_ms = clock_mono_ms();
        queue_advance(&o->queue, (size_t)written);
    }
    outbox_free(c);
    c->worker->hub->opts.sink->want_write(c, false);
}

/* ---- holding back ---- */

bool hub_conn_hold(hub_conn *c)
{
    if (c->outbox == NULL)
        c->outbox = calloc(1, sizeof *c->outbox);
    if (c->outbox == NULL)
        return false;
    c->outbox->held = true;
    return true;
}

void outbox_unhold(hub_conn *c)
{
    hub_outbox *o = c->outbox;

    if (o == NULL || !o->held)
        return;
    o->held = false;
    o->stalled_since_ms = clock_mono_ms();
    c->worker->hub->opts.sink->want_write(c, true);
}

void hub_conn_unhold(hub_conn *c, frame *first)
{
    hub_outbox *o = c->outbox;

    if (!queue_put_first(&o->queue, first)) {
        doom_for_memory(c);
        return;
    }
    outbox_unhold(c);
    hub_conn_writable(c);
}

size_t hub_conn_queued(const hub_conn *c)
{
    return c->outbox == NULL ? 0 : c->outbox->queue.bytes;
}

uint64_t hub_conn_stalled_since_ms(const hub_conn *c)
{
    return c->outbox == NULL || c->outbox->held || c->patient ? 0 : c->outbox->stalled_since_ms;
}

/* Where the message that has been begun at `from` ends: what the transport framed lies one after
 * the other in f. */
static uint32_t message_end(const hub_sink *sink, const frame *f, uint32_t from)
{
    uint32_t end = 0;

    while (end < from)
        end += (uint32_t)sink->message_len(view_skip(frame_view(f), end));
    return end;
}

void hub_conn_drop_queue(hub_conn *c)
{
    const hub_sink *sink = c->worker->hub->opts.sink;
    hub_outbox *o = c->outbox;

    conn_drop_due(c);
    if (o == NULL || o->queue.count == 0)
        return;

    const segment *first = queue_first(&o->queue);
    uint32_t end = message_end(sink, first->frame, first->from);

    if (end != first->from) {
        queue_keep_first(&o->queue, end);
        return;
    }
    outbox_free(c);
    sink->want_write(c, false);
}
