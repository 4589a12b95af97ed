/* SPDX-License-Identifier: MIT */
/*
 * What waits to be written to connections, and writing it.
 *
 * What is due to a connection is a chain of items in one list per worker. Items are only appended, and
 * the list is emptied as a whole when no connection has anything due any more; so nothing is allocated
 * per recipient, and no frame is counted per recipient: the worker keeps (holds) the frames until
 * then. A chain of one item may be that of many connections, as after most sweeps: it becomes the
 * connection's own before it grows. Connections with something due are *dirty*, and are served first
 * come, first served, each with one system call for all that is due to it. What a socket does not take
 * goes to the connection's outbox.
 */
#include <stdlib.h>

#include "hub_internal.h"

enum {
    FIRST_ITEMS = 4,
    DUE_KEPT = 65536, /* items that a worker keeps room for: a megabyte */
};

/* ---- lists ---- */

/* Room for one more of `size` bytes each. NULL: out of memory, and nothing was changed. */
static void *grown(void *items, uint32_t count, uint32_t *cap, size_t size)
{
    uint32_t more = *cap == 0 ? FIRST_ITEMS : *cap * 2;
    void *bigger = items;

    if (count < *cap)
        return items;
    bigger = more < *cap ? NULL : realloc(items, more * size);
    if (bigger != NULL)
        *cap = more;
    return bigger;
}

bool frame_list_add(frame_list *l, frame *f)
{
    frame **frames = grown(l->frames, l->count, &l->cap, sizeof *frames);

    if (frames == NULL)
        return false;
    l->frames = frames;
    l->frames[l->count++] = f;
    return true;
}

void frame_list_clear(frame_list *l)
{
    for (uint32_t i = 0; i < l->count; i++)
        frame_put(l->frames[i]);
    l->count = 0;
}

void frame_list_fini(frame_list *l)
{
    frame_list_clear(l);
    free(l->frames);
    *l = (frame_list){0};
}

uint32_t worker_due_item(hub_worker *w, frame *f, uint32_t parts)
{
    due_list *l = &w->due;
    due *items = grown(l->items, l->count, &l->cap, sizeof *items);

    if (items == NULL)
        return 0;
    l->items = items;
    if (l->count == 0)
        l->count = 1; /* [0] means "none"; the first room is for more than one */
    l->items[l->count] = (due){.frame = f, .parts = parts};
    return l->count++;
}

bool worker_hold_frame(hub_worker *w, frame *f)
{
    if (frame_list_add(&w->held, f)) {
        w->held_bytes += f->len;
        return true;
    }
    metric_add(&w->metrics.x_out_of_memory, 1);
    frame_put(f);
    return false;
}

void worker_forget_due(hub_worker *w)
{
    frame_list_clear(&w->held);
    w->held_bytes = 0;
    w->due.count = 0;
    if (w->due.cap <= DUE_KEPT)
        return;
    free(w->due.items); /* it grew in a rush: that memory is not kept for ever */
    w->due = (due_list){0};
}

/* ---- one connection ---- */

void conn_drop_due(hub_conn *c)
{
    c->due_first = 0; /* the items themselves go with the list */
    list_remove(&c->dirty);
}

void conn_doom(hub_conn *c, uint32_t code)
{
    if (c->closing || c->doom_code != 0)
        return;
    c->doom_code = (uint16_t)code;
    conn_drop_due(c);
    list_add_tail(&c->worker->doomed, &c->dirty);
    worker_schedule(c->worker);
}

static void doom_for_memory(hub_conn *c)
{
    metric_add(&c->worker->metrics.x_out_of_memory, 1);
    conn_doom(c, DISCONNECT_INTERNAL);
}

/* The messages one by one, so that newer ones can replace them. */
static bool keep_parts(hub_conn *c, const due *d, size_t written)
{
    frame *const *part = &c->worker->held.frames[d->parts - 1];

    for (size_t left = d->frame->len; left != 0; part++) {
        size_t len = (*part)->len;
        size_t skip = written < len ? written : len;

        if (skip < len && !outbox_append(c, *part, (uint32_t)skip))
            return false;
        written -= skip;
        left -= len;
    }
    return true;
}

/* Puts what follows the first `written` bytes into the outbox. */
static bool keep(hub_conn *c, const due *d, size_t written)
{
    return d->parts != 0 ? keep_parts(c, d, written)
                         : outbox_append(c, d->frame, (uint32_t)written);
}

/* false: nothing more is to be done about it. */
static bool takes_due(hub_conn *c, const due *d)
{
    if (c->closing || c->doom_code != 0)
        return false;
    if (c->outbox == NULL)
        return true;
    (void)keep(c, d, 0);
    return false;
}

static void begin_due(hub_conn *c, uint32_t item)
{
    c->due_first = item;
    c->due_last = item;
    list_add_tail(&c->worker->dirty, &c->dirty);
}

static void append_due(hub_conn *c, frame *f, uint32_t parts)
{
    hub_worker *w = c->worker;
    const due *last = &w->due.items[c->due_last];

    if (c->due_first == c->due_last) { /* others may have the same: here the chains part */
        c->due_first = worker_due_item(w, last->frame, last->parts);
        c->due_last = c->due_first;
    }

    uint32_t item = worker_due_item(w, f, parts);

    if (c->due_first == 0 || item == 0) {
        doom_for_memory(c);
        return;
    }
    w->due.items[c->due_last].next = item;
    c->due_last = item;
}

void conn_due_item(hub_conn *c, uint32_t item)
{
    const due *d = &c->worker->due.items[item];

    if (!takes_due(c, d))
        return;
    if (c->due_first == 0)
        begin_due(c, item);
    else
        append_due(c, d->frame, d->parts);
}

void conn_due(hub_conn *c, frame *f)
{
    if (!takes_due(c, &(due){.frame = f}))
        return;
    if (c->due_first != 0) {
        append_due(c, f, 0);
        return;
    }

    uint32_t item = worker_due_item(c->worker, f, 0);

    if (item != 0)
        begin_due(c, item);
    else
        doom_for_memory(c);
}

void conn_keep_due(hub_conn *c, uint32_t at, int count, size_t written)
{
    const due *items = c->worker->due.items;

    for (; count != 0; count--, at = items[at].next) {
        if (written >= items[at].frame->len) {
            written -= items[at].frame->len;
            continue;
        }
        if (!keep(c, &items[at], written))
            return;
        written = 0;
    }
}

/* Writes up to WRITE_FRAMES of the frames from item `at` on. Returns the item that follows. */
static uint32_t write_due(hub_conn *c, uint32_t at)
{
    hub_worker *w = c->worker;
    struct iovec iov[WRITE_FRAMES];
    uint32_t first = at;
    size_t total = 0;
    int count = 0;

    for (; at != 0 && count < WRITE_FRAMES; at = w->due.items[at].next) {
        frame *f = w->due.items[at].frame;

        iov[count++] = (struct iovec){f->data, f->len};
        total += f->len;
    }

    ssize_t written = c->outbox != NULL ? 0 : w->hub->opts.sink->write(c, iov, count);

    if (written < 0)
        return 0; /* broken: the transport closes it */
    if ((size_t)written < total)
        conn_keep_due(c, first, count, (size_t)written);
    return at;
}

/* The usual case, in half of the instructions: one run of bytes is due. */
static void write_single(hub_conn *c, const due *d)
{
    struct iovec iov = {d->frame->data, d->frame->len};
    ssize_t written = c->outbox != NULL ? 0 : c->worker->hub->opts.sink->write(c, &iov, 1);

    if (written >= 0 && (size_t)written < d->frame->len)
        (void)keep(c, d, (size_t)written);
}

void conn_serve(hub_conn *c)
{
    uint32_t at = c->due_first;
    const due *first = &c->worker->due.items[at];

    conn_drop_due(c);
    if (first->next == 0) {
        write_single(c, first);
        return;
    }
    while (at != 0 && c->doom_code == 0)
        at = write_due(c, at);
}

/* Writes what the socket takes now, after what is due. Returns how much of it needs no thought any more:
 * all, also if the connection is at its end. */
static size_t send_now(hub_conn *c, view bytes)
{
    if (c->doom_code != 0)
        return bytes.len;
    if (c->due_first != 0)
        conn_serve(c);

    const hub_sink *sink = c->worker->hub->opts.sink;
    struct iovec iov = {(char *)bytes.ptr, bytes.len}; /* iovec has no const; write only reads */
    ssize_t written = c->outbox != NULL ? 0 : sink->write(c, &iov, 1);

    return written < 0 || c->doom_code != 0 ? bytes.len : (size_t)written;
}

void hub_conn_send(hub_conn *c, view bytes)
{
    size_t written = send_now(c, bytes);

    if (written == bytes.len)
        return;

    frame *copy = frame_copy(bytes); /* whole: the queue must know where its messages begin */

    if (copy == NULL) {
        doom_for_memory(c);
        return;
    }
    (void)outbox_append(c, copy, (uint32_t)written);
    frame_put(copy);
}

void hub_conn_send_frame(hub_conn *c, frame *f)
{
    size_t written = send_now(c, frame_view(f));

    if (written != f->len)
        (void)outbox_append(c, f, (uint32_t)written);
}
