/* SPDX-License-Identifier: MIT */
/* The hub's own life, and the figures about it. */
#include <signal.h>
#include <stdlib.h>

#include "hub_internal.h"
#include "random.h"

static _Thread_local hub_worker *self;

hub_worker *hub_self(void)
{
    return self;
}

void hub_worker_bind(hub_worker *w)
{
    self = w;
}

bool hub_worker_is_here(const hub_worker *w)
{
    return w == self;
}

static gcast_registry *registry_new(gcast_keys keys, void (*on_release)(gcast_entry *e, void *arg))
{
    gcast_registry_opts opts = {.keys = keys, .on_release = on_release};
    gcast_registry *r = NULL;

    return gcast_registry_new(&r, &opts) == GCAST_OK ? r : NULL;
}

hub *hub_new(const hub_opts *opts)
{
    hub *h = calloc(1, sizeof *h);

    if (h == NULL)
        return NULL;
    h->opts = *opts;
    client_id_setup(h);
    h->workers = calloc(opts->workers, sizeof *h->workers);
    h->conns = registry_new(GCAST_KEYS_ID, conn_on_release);
    h->channels = registry_new(GCAST_KEYS_BYTES, group_on_release);
    h->users = registry_new(GCAST_KEYS_BYTES, group_on_release);
    h->results = registry_new(GCAST_KEYS_BYTES, result_on_release);
    random_bytes(&h->seed, sizeof h->seed);
    if (h->workers != NULL && h->conns != NULL && h->channels != NULL && h->users != NULL &&
        h->results != NULL)
        return h;
    hub_free(h);
    return NULL;
}

static void worker_fini(hub_worker *w)
{
    home_close(w);
    results_close(w);
    buf_fini(&w->body);
    free(w->due.items);
    free(w->batch);
    frame_list_fini(&w->held);
    buf_fini(&w->scratch);
    buf_fini(&w->topic);
    paces_fini(&w->paces);
}

static void registry_free(gcast_registry *r)
{
    if (r == NULL)
        return;
    gcast_registry_close(r);
    gcast_registry_free(r);
}

void hub_free(hub *h)
{
    if (h == NULL)
        return;
    if (h->conns != NULL)
        hub_thread_enter(h);
    for (unsigned i = 0; h->workers != NULL && i < h->opts.workers; i++) {
        if (h->workers[i].hub != NULL)
            worker_fini(&h->workers[i]);
    }
    if (h->conns != NULL) {
        hub_thread_leave(h);
        hub_barrier(h); /* members and subscriptions are retired without a registry */
    }
    registry_free(h->conns);
    registry_free(h->channels);
    registry_free(h->users);
    registry_free(h->results);
    free(h->workers);
    free(h);
}

void hub_barrier(hub *h)
{
    gcast_barrier(h->conns); /* one flavour of RCU, so this serves all registries */
}

void hub_thread_enter(hub *h)
{
    gcast_thread_enter(h->conns); /* one flavour of RCU, so this serves all registries */
}

void hub_thread_leave(hub *h)
{
    gcast_thread_leave(h->conns);
}

hub_worker *hub_worker_init(hub *h, unsigned index, void *wake_arg)
{
    hub_worker *w = &h->workers[index];

    w->hub = h;
    w->index = index;
    w->wake_arg = wake_arg;
    mailbox_init(&w->mailbox, h->opts.sink->wake, wake_arg);
    mailbox_init(&w->later, h->opts.sink->wake, wake_arg);
    list_init(&w->waiting);
    list_init(&w->gathering);
    w->gathered_ms = UINT64_MAX;
    paces_init(&w->paces);
    list_init(&w->serving);
    list_init(&w->dirty);
    list_init(&w->doomed);
    list_init(&w->checks);
    list_init(&w->results);
    w->sweep_ms = UINT64_MAX;
    history_init(&w->history, h->opts.history_max_bytes == 0
                                  ? UINT64_MAX
                                  : h->opts.history_max_bytes / h->opts.workers);
    return w;
}

uint64_t hub_worker_now_ms(const hub_worker *w)
{
    return w->now_ms;
}

metrics *hub_worker_metrics(hub_worker *w)
{
    return &w->metrics;
}

mailbox *hub_worker_mailbox(hub_worker *w)
{
    return &w->mailbox;
}

/* ---- figures ---- */

void hub_each_channel(hub *h, void (*fn)(void *arg, view channel, uint32_t clients), void *arg)
{
    gcast_registry *channels = h->channels;
    gcast_cursor cursor;
    gcast_entry *e;

    gcast_cursor_init(&cursor);
    do {
        int steps = 0;

        gcast_read_begin(channels);
        while (steps++ < SECTION_STEPS && (e = gcast_next(channels, &cursor)) != NULL) {
            hub_group *g = container_of(e, hub_group, entry);
            uint32_t clients = group_count_rcu(g);

            if (clients != 0)
                fn(arg, group_name(g), clients);
        }
        gcast_read_end(channels);
    } while (e != NULL);
}

void hub_metrics(hub *h, metrics *sum)
{
    metrics_sum(sum, &h->outside);
    for (unsigned i = 0; i < h->opts.workers; i++)
        metrics_sum(sum, &h->workers[i].metrics);
}

metrics *hub_metrics_outside(hub *h)
{
    return &h->outside;
}

hub_figures hub_count(hub *h)
{
    metrics sum = {0};

    hub_metrics(h, &sum);

    /* relaxed: figures for display */
    uint64_t anonymous = atomic_load_explicit(&sum.x_num_anonymous, memory_order_relaxed);

    return (hub_figures){
        .clients = atomic_load_explicit(&sum.x_num_clients, memory_order_relaxed),
        .subscriptions = atomic_load_explicit(&sum.x_num_subscriptions, memory_order_relaxed),
        .users = gcast_count(h->users) + (anonymous != 0),
        .channels = atomic_load_explicit(&sum.x_num_channels, memory_order_relaxed),
    };
}
