/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions that get no more than so many publications a second: what comes faster waits for the
 * end of the interval, and of each key only the newest. What comes after a quiet interval goes out at
 * once.
 *
 * Intervals end at multiples of their length, as flush intervals do, so that all that is due to a
 * connection goes out in one call. All subscriptions of one interval that wait are in one *lane*, as
 * all of them wait for the same moment; a worker has few lanes, however many subscriptions it has.
 */
#include <stdlib.h>

#include "hub_internal.h"
#include "queue.h"

enum { FIRST_PACES = 16 };

/* Made for the first subscription with this interval, and freed with the worker: rates are whole
 * numbers, so there are few. */
struct pace_lane {
    pace_lane *next;
    uint32_t interval_ms;
    uint64_t due_ms; /* while somebody waits: until when */
    list waiting;    /* hub_pace.waiting of those with something in their queue */
};

struct hub_pace {
    hub_sub *sub;
    pace_lane *lane;
    list waiting;
    uint64_t served; /* number of the interval in which something went out last */
    frame_queue queue;
};

static hub_worker *worker_of(const hub_pace *p)
{
    return p->sub->conn->worker;
}

/* ---- the table ---- */

void paces_init(pace_table *t)
{
    *t = (pace_table){.count = 1, .due_ms = UINT64_MAX};
}

void paces_fini(pace_table *t)
{
    free(t->items);
    while (t->lanes != NULL) {
        pace_lane *l = t->lanes;

        t->lanes = l->next;
        free(l);
    }
}

static bool table_grow(pace_table *t)
{
    uint32_t cap = t->cap == 0 ? FIRST_PACES : t->cap * 2;
    hub_pace **items = realloc(t->items, cap * sizeof *items);

    if (items == NULL)
        return false;
    t->items = items;
    t->cap = cap;
    return true;
}

static pace_lane *lane_open(pace_table *t, uint32_t interval_ms)
{
    for (pace_lane *l = t->lanes; l != NULL; l = l->next) {
        if (l->interval_ms == interval_ms)
            return l;
    }

    pace_lane *l = malloc(sizeof *l);

    if (l == NULL)
        return NULL;
    *l = (pace_lane){.next = t->lanes, .interval_ms = interval_ms};
    list_init(&l->waiting);
    t->lanes = l;
    return l;
}

bool pace_open(hub_sub *s, uint32_t interval_ms)
{
    pace_table *t = &s->conn->worker->paces;
    pace_lane *lane = lane_open(t, interval_ms);
    hub_pace *p = NULL;

    if (lane == NULL || (t->count >= t->cap && !table_grow(t)))
        return false;
    p = malloc(sizeof *p);
    if (p == NULL)
        return false;
    *p = (hub_pace){.sub = s, .lane = lane, .served = UINT64_MAX};
    list_init(&p->waiting);
    s->pace = t->count;
    t->items[t->count++] = p;
    return true;
}

void pace_close(hub_sub *s)
{
    if (s->pace == 0)
        return;

    pace_table *t = &s->conn->worker->paces;
    hub_pace *p = t->items[s->pace];
    hub_pace *last = t->items[--t->count];

    t->items[s->pace] = last; /* the table stays dense */
    last->sub->pace = s->pace;
    s->pace = 0;
    list_remove(&p->waiting);
    queue_clear(&p->queue);
    free(p);
}

/* ---- delivery ---- */

static void count_conflated(hub_pace *p)
{
    metric_add(&worker_of(p)->metrics.x_conflated_total, 1);
}

static void put(hub_pace *p, frame *f)
{
    if (f->topic_len == 0 && p->queue.count != 0) { /* one key for all of the channel */
        frame_put(queue_take(&p->queue));
        count_conflated(p);
    }
    switch (queue_put(&p->queue, f, 0)) {
    case QUEUE_ADDED:
        return;
    case QUEUE_REPLACED:
        count_conflated(p);
        return;
    case QUEUE_NOMEM:
        metric_add(&worker_of(p)->metrics.x_out_of_memory, 1);
        conn_doom(p->sub->conn, DISCONNECT_INTERNAL);
        return;
    }
}

/* All that waits goes out. */
static void release(hub_pace *p)
{
    hub_worker *w = worker_of(p);

    list_remove(&p->waiting);
    p->served = w->now_ms / p->lane->interval_ms;
    while (p->queue.count != 0) {
        frame *f = queue_take(&p->queue);

        if (worker_hold_frame(w, f))
            conn_due(p->sub->conn, f);
        else
            conn_doom(p->sub->conn, DISCONNECT_INTERNAL);
    }
    queue_clear(&p->queue); /* its memory: many subscriptions are quiet most of the time */
}

static void await_end(hub_pace *p)
{
    hub_worker *w = worker_of(p);
    pace_lane *l = p->lane;

    if (!list_empty(&p->waiting))
        return;
    if (list_empty(&l->waiting))
        l->due_ms = (w->now_ms / l->interval_ms + 1) * l->interval_ms;
    list_add_tail(&l->waiting, &p->waiting);
    if (l->due_ms < w->paces.due_ms)
        w->paces.due_ms = l->due_ms;
}

/* Joins and leaves are none of its business. */
static void pass_on(hub_sub *s, frame *f)
{
    if ((s->flags & HUB_SUB_IS_TOLD) != 0)
        conn_due(s->conn, f);
}

void pace_take(hub_sub *s, frame *const *frames, uint32_t count)
{
    hub_worker *w = s->conn->worker;
    hub_pace *p = w->paces.items[s->pace];
    uint64_t interval = w->now_ms / p->lane->interval_ms;
    bool quiet = interval != p->served && list_empty(&p->waiting);

    if (quiet && count == 1 && frame_is_plain(frames[0])) { /* the usual case needs no queue */
        p->served = interval;
        conn_due(s->conn, frames[0]);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (frame_is_plain(frames[i]))
            put(p, frames[i]);
        else
            pass_on(s, frames[i]);
    }
    if (p->queue.count == 0)
        return;
    if (quiet)
        release(p);
    else
        await_end(p);
}

void paces_end_intervals(hub_worker *w, uint64_t now_ms)
{
    pace_table *t = &w->paces;

    if (now_ms < t->due_ms)
        return;
    t->due_ms = UINT64_MAX;
    for (pace_lane *l = t->lanes; l != NULL; l = l->next) {
        while (l->due_ms <= now_ms && !list_empty(&l->waiting))
            release(container_of(l->waiting.next, hub_pace, waiting));
        if (!list_empty(&l->waiting) && l->due_ms < t->due_ms)
            t->due_ms = l->due_ms;
    }
}
