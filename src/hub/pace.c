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

/* Made for the first subscription with this interval, and freed with the worker: rates are whole
 * numbers, so there are few. */
struct pace_lane {
    pace_lane *next;
    uint32_t interval_ms;
    uint64_t due_ms; /* while somebody waits: until when */
    list waiting;    /* hub_pace.waiting of those with something in their queue */
};

struct hub_pace {
    hub_conn *conn;
    pace_lane *lane;
    list waiting;
    uint64_t served; /* number of the interval in which something went out last */
    frame_queue queue;
};

static pace_lane *lane_open(hub_worker *w, uint32_t interval_ms)
{
    for (pace_lane *l = w->lanes; l != NULL; l = l->next) {
        if (l->interval_ms == interval_ms)
            return l;
    }

    pace_lane *l = malloc(sizeof *l);

    if (l == NULL)
        return NULL;
    *l = (pace_lane){.next = w->lanes, .interval_ms = interval_ms};
    list_init(&l->waiting);
    w->lanes = l;
    return l;
}

void pace_lanes_free(hub_worker *w)
{
    while (w->lanes != NULL) {
        pace_lane *l = w->lanes;

        w->lanes = l->next;
        free(l);
    }
}

hub_pace *pace_new(hub_conn *c, uint32_t interval_ms)
{
    pace_lane *lane = lane_open(c->worker, interval_ms);
    hub_pace *p = lane == NULL ? NULL : malloc(sizeof *p);

    if (p == NULL)
        return NULL;
    *p = (hub_pace){.conn = c, .lane = lane, .served = UINT64_MAX};
    list_init(&p->waiting);
    return p;
}

void pace_free(hub_pace *p)
{
    if (p == NULL)
        return;
    list_remove(&p->waiting);
    queue_clear(&p->queue);
    free(p);
}

static void count_conflated(hub_pace *p)
{
    metric_add(&p->conn->worker->metrics.x_conflated_total, 1);
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
        metric_add(&p->conn->worker->metrics.x_out_of_memory, 1);
        conn_doom(p->conn, DISCONNECT_INTERNAL);
        return;
    }
}

/* All that waits goes out. */
static void release(hub_pace *p)
{
    hub_worker *w = p->conn->worker;

    list_remove(&p->waiting);
    p->served = w->now_ms / p->lane->interval_ms;
    while (p->queue.count != 0) {
        frame *f = queue_take(&p->queue);

        if (worker_hold_frame(w, f))
            conn_due(p->conn, f);
        else
            conn_doom(p->conn, DISCONNECT_INTERNAL);
    }
    queue_clear(&p->queue); /* its memory: many subscriptions are quiet most of the time */
}

static void await_end(hub_pace *p)
{
    hub_worker *w = p->conn->worker;
    pace_lane *l = p->lane;

    if (!list_empty(&p->waiting))
        return;
    if (list_empty(&l->waiting))
        l->due_ms = (w->now_ms / l->interval_ms + 1) * l->interval_ms;
    list_add_tail(&l->waiting, &p->waiting);
    if (l->due_ms < w->paced_ms)
        w->paced_ms = l->due_ms;
}

void pace_take(hub_pace *p, frame *const *frames, uint32_t count)
{
    uint64_t interval = p->conn->worker->now_ms / p->lane->interval_ms;
    bool quiet = interval != p->served && list_empty(&p->waiting);

    if (quiet && count == 1) { /* the usual case needs no queue */
        p->served = interval;
        conn_due(p->conn, frames[0]);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        put(p, frames[i]);
    if (quiet)
        release(p);
    else
        await_end(p);
}

void pace_end_intervals(hub_worker *w)
{
    if (w->now_ms < w->paced_ms)
        return;
    w->paced_ms = UINT64_MAX;
    for (pace_lane *l = w->lanes; l != NULL; l = l->next) {
        while (l->due_ms <= w->now_ms && !list_empty(&l->waiting))
            release(container_of(l->waiting.next, hub_pace, waiting));
        if (!list_empty(&l->waiting) && l->due_ms < w->paced_ms)
            w->paced_ms = l->due_ms;
    }
}
