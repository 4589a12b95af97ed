/* SPDX-License-Identifier: MIT */
/* The streams of the channels whose home a worker is. Only that worker's thread comes here. */
#include <stdlib.h>

#include "hub_internal.h"
#include "log.h"

enum {
    SWEEP_MS = 1000,  /* between two looks for what has expired */
    SWEEP_ROUND = 64, /* looks in which every stream has had its turn */
    LOG_EVERY_MS = 10000,
};

static void set_gauge(_Atomic(uint64_t) *gauge, uint64_t value)
{
    atomic_store_explicit(gauge, value, memory_order_relaxed); /* a figure for display */
}

static void show(hub_worker *w)
{
    set_gauge(&w->metrics.x_history_bytes, w->history.bytes + w->result_bytes);
    set_gauge(&w->metrics.x_history_publications, w->history.publications);
    set_gauge(&w->metrics.x_history_streams, w->history.streams);
    set_gauge(&w->metrics.x_history_trimmed, w->history.trimmed);
}

static void forget(hub_worker *w, stream *s)
{
    hub_stream *hs = container_of(s, hub_stream, stream);

    history_remove(&w->history, s);
    hs->group->stream = NULL;
    group_release(hs->group);
    free(hs);
}

stream *home_stream(hub_group *g, uint64_t meta_ttl_ms)
{
    hub_worker *w = hub_self();

    hub_stream *hs = g->stream;

    if (hs != NULL && !stream_is_over(&hs->stream, w->now_ms)) {
        history_touch(&w->history, &hs->stream, meta_ttl_ms, w->now_ms);
        return &hs->stream;
    }
    if (hs != NULL)
        forget(w, &hs->stream);
    hs = malloc(sizeof *hs);

    if (hs == NULL) {
        metric_add(&w->metrics.x_out_of_memory, 1);
        return NULL;
    }
    group_hold(g);
    hs->group = g;
    history_add(&w->history, &hs->stream, sizeof *hs - sizeof hs->stream + sizeof *g + g->name_len,
                meta_ttl_ms, w->now_ms);
    g->stream = hs;
    if (w->sweep_ms == UINT64_MAX)
        w->sweep_ms = w->now_ms + SWEEP_MS;
    return &hs->stream;
}

void home_ask(hub_worker *asker, const hub_group *g, letter *l)
{
    asker->asked++;
    mailbox_post(&group_home(asker->hub, g)->mailbox, l);
}

bool hub_worker_waits(const hub_worker *w)
{
    return w->asked != 0;
}

static void log_trimming(hub_worker *w)
{
    static log_limit pace;
    uint64_t dropped;

    if (w->history.trimmed == w->trimmed || !log_limit_pass(&pace, LOG_EVERY_MS, &dropped))
        return;
    log_warn("HISTORY-TRIMMED", "worker=%u publications=%llu limit_bytes=%llu", w->index,
             (unsigned long long)(w->history.trimmed - w->trimmed),
             (unsigned long long)w->history.max_bytes);
    w->trimmed = w->history.trimmed;
}

void home_settle(hub_worker *w)
{
    stream *s;

    while ((s = history_excess(&w->history)) != NULL)
        forget(w, s);
    log_trimming(w);
    show(w);
}

void home_sweep(hub_worker *w)
{
    if (w->now_ms < w->sweep_ms)
        return;
    for (uint64_t left = w->history.streams / SWEEP_ROUND + 1; left != 0; left--) {
        stream *s = history_sweep(&w->history, w->now_ms);

        if (s != NULL)
            forget(w, s);
    }
    results_sweep(w);
    w->sweep_ms =
        w->history.streams == 0 && list_empty(&w->results) ? UINT64_MAX : w->now_ms + SWEEP_MS;
    home_settle(w); /* what lost its publications may be too much of the rest */
}

void home_close(hub_worker *w)
{
    while (!list_empty(&w->history.round))
        forget(w, container_of(w->history.round.next, stream, round));
}
