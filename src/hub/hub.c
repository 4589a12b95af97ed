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
    random_bytes(&h->seed, sizeof h->seed);
    if (h->workers != NULL && h->conns != NULL && h->channels != NULL && h->users != NULL)
        return h;
    hub_free(h);
    return NULL;
}

static void worker_fini(hub_worker *w)
{
    free(w->due.items);
    frame_list_fini(&w->held);
    buf_fini(&w->scratch);
    buf_fini(&w->topic);
    pace_lanes_free(w);
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
    for (unsigned i = 0; h->workers != NULL && i < h->opts.workers; i++)
        worker_fini(&h->workers[i]);
    if (h->conns != NULL)
        hub_barrier(h); /* members and subscriptions are retired without a registry */
    registry_free(h->conns);
    registry_free(h->channels);
    registry_free(h->users);
    free(h->workers);
    free(h);
}

void hub_barrier(hub *h)
{
    gcast_barrier(h->conns); /* one flavour of RCU, so this serves all three registries */
}

void hub_thread_enter(hub *h)
{
    gcast_thread_enter(h->conns); /* one flavour of RCU, so this serves all three registries */
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
    list_init(&w->waiting);
    list_init(&w->gathering);
    w->gathered_ms = UINT64_MAX;
    w->paced_ms = UINT64_MAX;
    list_init(&w->dirty);
    list_init(&w->doomed);
    return w;
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

typedef struct distinct {
    const void **users;
    uint32_t count;
    uint32_t cap;
    bool anonymous;
} distinct;

static void note_user(void *arg, hub_sub *s)
{
    distinct *d = arg;
    /* PAIRS join_user(); only the address is used */
    hub_sub *user = atomic_load_explicit(&s->conn->x_user, memory_order_acquire);

    if (user == NULL)
        d->anonymous = true;
    else if (d->count < d->cap)
        d->users[d->count++] = user->part->group;
}

static int by_address(const void *a, const void *b)
{
    uintptr_t left = (uintptr_t) * (void *const *)a;
    uintptr_t right = (uintptr_t) * (void *const *)b;

    return left < right ? -1 : left > right;
}

static uint32_t count_distinct(distinct *d)
{
    uint32_t users = d->anonymous ? 1 : 0;

    if (d->count != 0)
        qsort(d->users, d->count, sizeof *d->users, by_address);
    for (uint32_t i = 0; i < d->count; i++)
        users += i == 0 || d->users[i] != d->users[i - 1] ? 1 : 0;
    return users;
}

gcast_err hub_channel_count(hub *h, view channel, hub_channel_stats *out)
{
    hub_channel_stats stats = {0};
    gcast_err err = GCAST_OK;
    distinct d = {0};

    gcast_read_begin(h->channels);
    gcast_entry *e = gcast_peek_bytes(h->channels, channel.ptr, channel.len);

    if (e != NULL) {
        hub_group *g = container_of(e, hub_group, entry);

        stats.clients = group_count_rcu(g);
        d.cap = stats.clients; /* who comes meanwhile is not counted */
        d.users = gcast_count(h->users) == 0 ? NULL : malloc(d.cap * sizeof *d.users);
        if (d.users == NULL) {
            err = gcast_count(h->users) == 0 ? GCAST_OK : GCAST_ENOMEM;
            d.cap = 0;
        }
        group_each_rcu(g, note_user, &d);
        stats.users = count_distinct(&d);
    }
    gcast_read_end(h->channels);
    free(d.users);
    *out = stats;
    return err;
}

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
        .channels = gcast_count(h->channels),
    };
}
