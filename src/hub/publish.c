/* SPDX-License-Identifier: MIT */
/*
 * From a publisher to the workers with subscribers.
 *
 *   publisher ---letter---> home worker ---letter a worker---> every worker with members
 *
 * The home worker of a channel numbers its publications by taking them in the order of its mailbox,
 * encodes each once and posts it to the workers; mailboxes keep order, so every subscriber sees the
 * same order.
 */
#include <stdlib.h>

#include "hub_internal.h"

/* From the home worker to a worker with members. */
typedef struct delivery {
    letter letter;
    hub_part *part; /* its group is held */
    frame *frame;   /* one reference */
} delivery;

static void delivery_open(letter *l)
{
    delivery *d = container_of(l, delivery, letter);
    hub_group *g = d->part->group;

    part_take(d->part, d->frame);
    group_release(g);
    free(d);
}

/* From the home worker: one publication to one worker. */
static void post_delivery(hub_part *p, frame *f)
{
    hub_worker *home = hub_self();

    if (p->worker == home) {
        part_take(p, frame_get(f));
        worker_schedule(home);
        return;
    }

    delivery *d = malloc(sizeof *d);

    if (d == NULL) {
        metric_add(&home->metrics.x_out_of_memory, 1);
        part_note_loss(p);
        return;
    }
    *d = (delivery){.letter.open = delivery_open, .part = p, .frame = frame_get(f)};
    /* relaxed: we hold the group already */
    atomic_fetch_add_explicit(&p->group->x_holders, 1, memory_order_relaxed);
    mailbox_post(&p->worker->mailbox, &d->letter);
}

static frame *encode(hub_worker *home, const hub_group *g, const publication *pub)
{
    buf_reset(&home->scratch);
    push_publication(&home->scratch, group_name(g), pub);

    frame *f = home->scratch.failed ? NULL : home->hub->opts.sink->frame(buf_view(&home->scratch));

    if (f != NULL && g->how.latest)
        f = topic_add(home, g, pub, f);
    if (f == NULL)
        metric_add(&home->metrics.x_out_of_memory, 1);
    return f;
}

/* On the home worker, with a hold on g. GCAST_ENOMEM: nobody got it, and the members will be told. */
static gcast_err publish_at_home(hub_group *g, const publication *pub)
{
    hub_worker *home = hub_self();
    frame *f = NULL;

    /* PAIRS part_open() */
    hub_part *p = atomic_load_explicit(&g->x_parts, memory_order_acquire);

    for (; p != NULL; p = p->next) {
        /* PAIRS group_join(): a member that was counted before this publication gets it */
        if (atomic_load_explicit(&p->x_count, memory_order_acquire) == 0)
            continue;
        if (f == NULL && (f = encode(home, g, pub)) == NULL)
            break;
        post_delivery(p, f);
    }
    frame_put(f);
    if (p == NULL)
        return GCAST_OK;
    for (; p != NULL; p = p->next)
        part_note_loss(p);
    return GCAST_ENOMEM;
}

/* From a publisher to the home worker. */
typedef struct publishing {
    letter letter;
    hub_group *group; /* held */
    publication pub;  /* its views point into bytes[] */
    client_info info;
    char bytes[];
} publishing;

static void publishing_open(letter *l)
{
    publishing *m = container_of(l, publishing, letter);

    (void)publish_at_home(m->group, &m->pub); /* counted; the members are told of a loss */
    group_release(m->group);
    free(m);
}

/* Moves a view's bytes to *at. */
static void take(view *v, char **at)
{
    if (v->len != 0)
        memcpy(*at, v->ptr, v->len);
    v->ptr = *at;
    *at += v->len;
}

static publishing *publishing_new(const publication *pub)
{
    client_info info = pub->info == NULL ? (client_info){0} : *pub->info;
    size_t len = pub->data.len + pub->tags.len + pub->epoch.len + info.user.len + info.client.len +
                 info.conn_info.len + info.chan_info.len;
    publishing *m = malloc(sizeof *m + len);

    if (m == NULL)
        return NULL;
    *m = (publishing){.letter.open = publishing_open, .pub = *pub, .info = info};

    view *views[] = {&m->pub.data,    &m->pub.tags,       &m->pub.epoch,     &m->info.user,
                     &m->info.client, &m->info.conn_info, &m->info.chan_info};
    char *at = m->bytes;

    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        take(views[i], &at);
    m->pub.info = pub->info == NULL ? NULL : &m->info;
    return m;
}

/* FNV-1a, only to spread channels over workers: a peer that aims at one worker gains nothing that
 * it could not have by publishing to one channel. */
static uint64_t name_hash(view name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 32);
}

static void count_publication(hub *h)
{
    if (hub_self() != NULL)
        metric_add(&hub_self()->metrics.x_publications, 1);
    else /* relaxed: a statistic; threads outside share one counter */
        atomic_fetch_add_explicit(&h->outside.x_publications, 1, memory_order_relaxed);
}

gcast_err hub_publish(hub *h, view channel, const publication *pub)
{
    hub_group *g = group_find(h->channels, channel);

    count_publication(h);
    if (g == NULL)
        return GCAST_OK; /* nobody listens */

    hub_worker *home = hub_home(h, name_hash(channel));

    if (home == hub_self()) {
        gcast_err err = publish_at_home(g, pub);

        group_release(g);
        return err;
    }

    publishing *m = publishing_new(pub);

    if (m == NULL) {
        group_release(g);
        return GCAST_ENOMEM;
    }
    m->group = g;
    mailbox_post(&home->mailbox, &m->letter);
    return GCAST_OK;
}
