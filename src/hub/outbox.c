/* SPDX-License-Identifier: MIT */
/*
 * What the socket of one connection did not take: frames with how far they are written. Made when a
 * write falls short and freed when all is written, so that only slow connections pay for it. Here,
 * and only here, a frame is counted for a recipient.
 */
#include <stdlib.h>

#include "clock.h"
#include "hub_internal.h"

enum { FIRST_SEGMENTS = 8, WRITE_SEGMENTS = 64 };

typedef struct segment {
    frame *frame;  /* one reference */
    uint32_t from; /* bytes before it are written */
    uint32_t to;
} segment;

struct hub_outbox {
    segment *ring;
    uint32_t first;
    uint32_t count;
    uint32_t cap; /* a power of two */
    size_t bytes;
    uint64_t stalled_since_ms; /* when the socket last took something */
    bool held;                 /* nothing is to be written yet */
};

static segment *segment_at(hub_outbox *o, uint32_t i)
{
    return &o->ring[(o->first + i) & (o->cap - 1)];
}

static bool grow(hub_outbox *o)
{
    uint32_t cap = o->cap == 0 ? FIRST_SEGMENTS : o->cap * 2;
    segment *ring = malloc(cap * sizeof *ring);

    if (ring == NULL)
        return false;
    for (uint32_t i = 0; i < o->count; i++)
        ring[i] = *segment_at(o, i);
    free(o->ring);
    o->ring = ring;
    o->cap = cap;
    o->first = 0;
    return true;
}

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

/* Bytes behind the segment that is being written: one message may be larger than the limit, and while
 * it is on its way the next ones must still fit in. */
static size_t waiting(hub_outbox *o)
{
    return o->count == 0 ? 0 : o->bytes - (segment_at(o, 0)->to - segment_at(o, 0)->from);
}

bool outbox_append(hub_conn *c, frame *f, uint32_t from)
{
    hub_outbox *o = outbox_open(c);
    uint32_t len = f->len - from;

    if (o == NULL || (o->count == o->cap && !grow(o))) {
        doom_for_memory(c);
        return false;
    }
    /* A closing connection still gets its close frame. */
    if (!c->closing && waiting(o) + len > c->worker->hub->opts.queue_max_bytes && o->count != 0) {
        metric_add(&c->worker->metrics.x_slow_disconnects, 1);
        conn_doom(c, DISCONNECT_SLOW);
        return false;
    }
    o->count++;
    *segment_at(o, o->count - 1) = (segment){.frame = frame_get(f), .from = from, .to = f->len};
    o->bytes += len;
    return true;
}

static void pop(hub_outbox *o)
{
    segment *s = segment_at(o, 0);

    o->bytes -= s->to - s->from;
    frame_put(s->frame);
    o->first = (o->first + 1) & (o->cap - 1);
    o->count--;
}

void outbox_free(hub_conn *c)
{
    hub_outbox *o = c->outbox;

    if (o == NULL)
        return;
    while (o->count != 0)
        pop(o);
    free(o->ring);
    free(o);
    c->outbox = NULL;
}

static void advance(hub_outbox *o, size_t written)
{
    while (written != 0) {
        segment *s = segment_at(o, 0);
        size_t left = s->to - s->from;

        if (written < left) {
            s->from += (uint32_t)written;
            o->bytes -= written;
            return;
        }
        written -= left;
        pop(o);
    }
}

void hub_conn_writable(hub_conn *c)
{
    const hub_sink *sink = c->worker->hub->opts.sink;
    hub_outbox *o = c->outbox;

    if (o != NULL && o->held)
        return;
    while (o != NULL && o->count != 0) {
        struct iovec iov[WRITE_SEGMENTS];
        int parts = 0;

        for (uint32_t i = 0; i < o->count && parts < WRITE_SEGMENTS; i++) {
            segment *s = segment_at(o, i);

            iov[parts++] = (struct iovec){s->frame->data + s->from, s->to - s->from};
        }

        ssize_t written = sink->write(c, iov, parts);

        if (written <= 0)
            return; /* later, or never: the transport knows */
        o->stalled_since_ms = clock_mono_ms();
        advance(o, (size_t)written);
    }
    outbox_free(c);
    sink->want_write(c, false);
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

    if (o->count == o->cap && !grow(o)) {
        doom_for_memory(c);
        return;
    }
    o->first = (o->first - 1) & (o->cap - 1);
    o->count++;
    *segment_at(o, 0) = (segment){.frame = frame_get(first), .to = first->len};
    o->bytes += first->len;
    outbox_unhold(c);
    hub_conn_writable(c);
}

size_t hub_conn_queued(const hub_conn *c)
{
    return c->outbox == NULL ? 0 : c->outbox->bytes;
}

uint64_t hub_conn_stalled_since_ms(const hub_conn *c)
{
    return c->outbox == NULL || c->outbox->held ? 0 : c->outbox->stalled_since_ms;
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
    if (o == NULL || o->count == 0)
        return;

    segment first = *segment_at(o, 0);

    first.frame = frame_get(first.frame);
    first.to = message_end(sink, first.frame, first.from);
    while (o->count != 0)
        pop(o);
    if (first.to == first.from) {
        frame_put(first.frame);
        outbox_free(c);
        sink->want_write(c, false);
        return;
    }
    o->count = 1;
    *segment_at(o, 0) = first;
    o->bytes = first.to - first.from;
}
