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
#include <assert.h>
#include <stdlib.h>

#include "hub_internal.h"

/* From the home worker to a worker with members. */
typedef struct delivery {
    letter letter;
    hub_part *part; /* its group is held */
    frame *frame;   /* one reference */
    hub_position at;
} delivery;

static void delivery_open(letter *l)
{
    delivery *d = container_of(l, delivery, letter);
    hub_group *g = d->part->group;

    part_take(d->part, d->frame, &d->at);
    group_release(g);
    free(d);
}

void part_post(hub_part *p, frame *f, const hub_position *at)
{
    hub_worker *home = hub_self();

    if (p->worker == home) {
        part_take(p, frame_get(f), at);
        worker_schedule(home);
        return;
    }

    delivery *d = malloc(sizeof *d);

    if (d == NULL) {
        metric_add(&home->metrics.x_out_of_memory, 1);
        if (frame_is_plain(f)) /* else who is there can be asked for: see tell.c */
            part_note_loss(p);
        return;
    }
    *d = (delivery){.letter.open = delivery_open, .part = p, .frame = frame_get(f), .at = *at};
    group_hold(p->group);
    mailbox_post(&p->worker->mailbox, &d->letter);
}

/* A publication for everybody. `body`: the same as it is kept, if it is. */
static frame *encode(hub_worker *home, const hub_group *g, const publication *pub, view body)
{
    buf_reset(&home->scratch);
    if (body.len != 0)
        push_written_publication(&home->scratch, group_name(g), body);
    else
        push_publication(&home->scratch, group_name(g), pub);

    frame *f = home->scratch.failed ? NULL : home->hub->opts.sink->frame(buf_view(&home->scratch));

    if (f != NULL && g->how.latest)
        f = topic_add(home, g, pub, f);
    if (f == NULL)
        metric_add(&home->metrics.x_out_of_memory, 1);
    return f;
}

/* On the home worker, with a hold on g. GCAST_ENOMEM: nobody got it, and the members will be told. */
static gcast_err fan_out(hub_group *g, const publication *pub, view body, const hub_position *at)
{
    hub_worker *home = hub_self();
    frame *f = NULL;

    /* PAIRS part_open() */
    hub_part *p = atomic_load_explicit(&g->x_parts, memory_order_acquire);

    for (; p != NULL; p = p->next) {
        /* PAIRS group_join(): a member that was counted before this publication gets it */
        if (atomic_load_explicit(&p->x_count, memory_order_acquire) == 0)
            continue;
        if (f == NULL && (f = encode(home, g, pub, body)) == NULL)
            break;
        part_post(p, f, at);
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
    publication pub;  /* its views point into bytes[], as those of opts */
    client_info info;
    hub_publish_opts opts;
    hub_worker *asker; /* gets the letter back, if opts.published is set */
    gcast_err err;     /* the answer */
    hub_position at;
    char bytes[];
} publishing;

/* Keeps home->body, and the publication's version if it has one. false: out of memory, nothing changed. */
static bool store(const publishing *m, hub_worker *home, stream *s)
{
    uint64_t version = m->pub.version;
    view epoch = m->opts.version_epoch;
    uint64_t before = view_eq(epoch, view_of(s->version_epoch)) ? s->version : 0;

    if (home->body.failed || (version != 0 && !stream_set_version(s, version, epoch)))
        return false;
    if (history_store(&home->history, s, buf_view(&home->body), &m->opts.keep, home->now_ms))
        return true;
    if (version != 0)
        (void)stream_set_version(s, before, epoch); /* needs no memory: it has the epoch */
    return false;
}

/* Numbers the publication, keeps it and sends it out. */
static gcast_err publish_to_stream(publishing *m)
{
    hub_worker *home = hub_self();
    publication *pub = &m->pub;
    stream *s = home_stream(m->group, m->opts.keep.meta_ttl_ms);

    if (s == NULL)
        return GCAST_ENOMEM;
    m->at = home_position(s);
    if (pub->version != 0 && !stream_version_is_new(s, pub->version, m->opts.version_epoch))
        return GCAST_OK; /* a newer one is there */

    pub->offset = m->at.offset + 1;
    buf_reset(&home->body);
    write_publication(&home->body, pub);
    if (!store(m, home, s)) {
        metric_add(&home->metrics.x_out_of_memory, 1);
        return GCAST_ENOMEM;
    }
    m->at.offset++;
    home_settle(home);

    bool first = m->at.offset == 1;

    if (first) /* who has listened since before there was anything adopts the epoch */
        pub->epoch = stream_epoch_view(&m->at.epoch);
    /* It is kept, and so published: who does not get it for want of memory is told of a loss. */
    (void)fan_out(m->group, pub, first ? (view){0} : buf_view(&home->body), &m->at);
    return GCAST_OK;
}

static gcast_err publish_at_home(publishing *m)
{
    view channel = group_name(m->group);
    view key = m->opts.idempotency_key;
    gcast_err err;

    if (key.len != 0 && result_find(hub_self(), channel, key, &m->at))
        return GCAST_OK;
    if (stream_limits_keep(&m->opts.keep))
        err = publish_to_stream(m);
    else
        err = fan_out(m->group, &m->pub, (view){0}, &hub_nowhere);
    if (key.len != 0 && err == GCAST_OK)
        result_keep(hub_self(), channel, key, &m->at);
    return err;
}

static void publishing_answered(letter *l)
{
    publishing *m = container_of(l, publishing, letter);

    home_answered(m->asker);
    m->opts.published(m->opts.arg, m->err, &m->at);
    free(m);
}

static void publishing_open(letter *l)
{
    publishing *m = container_of(l, publishing, letter);

    m->err = publish_at_home(m); /* if it failed: counted, and the members are told of a loss */
    group_release(m->group);
    if (m->opts.published == NULL) {
        free(m);
        return;
    }
    l->open = publishing_answered;
    mailbox_post(&m->asker->mailbox, l);
}

static publishing *publishing_new(const publication *pub, const hub_publish_opts *opts)
{
    client_info info = pub->info == NULL ? (client_info){0} : *pub->info;
    size_t len = pub->data.len + pub->tags.len + pub->epoch.len + info.user.len + info.client.len +
                 info.conn_info.len + info.chan_info.len + opts->idempotency_key.len +
                 opts->version_epoch.len;
    publishing *m = malloc(sizeof *m + len);

    if (m == NULL)
        return NULL;
    *m = (publishing){.letter.open = publishing_open,
                      .pub = *pub,
                      .info = info,
                      .opts = *opts,
                      .asker = hub_self()};
    m->opts.delivery = (hub_delivery){0}; /* points into the configuration, and is not needed */

    view *views[] = {
        &m->pub.data,          &m->pub.tags,       &m->pub.epoch,      &m->info.user,
        &m->info.client,       &m->info.conn_info, &m->info.chan_info, &m->opts.idempotency_key,
        &m->opts.version_epoch};
    char *at = m->bytes;

    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        *views[i] = view_copy(*views[i], &at);
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

hub_worker *group_home(hub *h, const hub_group *g)
{
    return &h->workers[name_hash(group_name(g)) % h->opts.workers];
}

static void count_publication(hub *h)
{
    if (hub_self() != NULL)
        metric_add(&hub_self()->metrics.x_publications, 1);
    else /* relaxed: a statistic; threads outside share one counter */
        atomic_fetch_add_explicit(&h->outside.x_publications, 1, memory_order_relaxed);
}

/* Whether home has something to do even if nobody listens. */
static bool concerns_home(const hub_publish_opts *opts)
{
    return stream_limits_keep(&opts->keep) || opts->idempotency_key.len != 0 ||
           opts->published != NULL;
}

gcast_err hub_publish_opt(hub *h, view channel, const publication *pub,
                          const hub_publish_opts *opts)
{
    assert(opts->published == NULL || hub_self() != NULL); /* who is to be answered? */

    bool must = concerns_home(opts);
    hub_group *g =
        must ? group_open(h->channels, channel, &opts->delivery) : group_find(h->channels, channel);

    count_publication(h);
    if (g == NULL)
        return must ? GCAST_ENOMEM : GCAST_OK; /* nobody listens */

    hub_worker *home = group_home(h, g);

    /* no letter is needed on home itself; but those that are there already come first */
    if (home == hub_self() && !must && g->stream == NULL && mailbox_empty(&home->mailbox)) {
        gcast_err err = fan_out(g, pub, (view){0}, &hub_nowhere);

        group_release(g);
        return err;
    }

    publishing *m = publishing_new(pub, opts);

    if (m == NULL) {
        group_release(g);
        return GCAST_ENOMEM;
    }
    m->group = g;
    if (opts->published != NULL)
        home_ask(m->asker, g, &m->letter);
    else
        mailbox_post(&home->mailbox, &m->letter);
    return GCAST_OK;
}

gcast_err hub_publish(hub *h, view channel, const publication *pub)
{
    static const hub_publish_opts plain = {0};

    return hub_publish_opt(h, channel, pub, &plain);
}
