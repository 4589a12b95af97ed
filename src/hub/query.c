/* SPDX-License-Identifier: MIT */
/* Questions to a stream: a letter to the channel's home worker, and one back. */
#include <assert.h>
#include <stdlib.h>

#include "hub_internal.h"

typedef struct query {
    letter letter;
    hub_group *group;  /* held */
    hub_worker *asker; /* const */
    uint64_t meta_ttl_ms;
    stream_range range;
    bool any_epoch;
    stream_epoch epoch;
    hub_history_fn *fn;
    void *arg;
    gcast_err err; /* the answer */
    hub_position top;
    buf publications;
} query;

static void query_answered(letter *l)
{
    query *q = container_of(l, query, letter);

    home_answered(q->asker);
    q->fn(q->arg, q->err, &q->top, buf_view(&q->publications));
    buf_fini(&q->publications);
    free(q);
}

static gcast_err query_read(query *q)
{
    const stream *s = home_stream(q->group, q->meta_ttl_ms);

    if (s == NULL)
        return GCAST_ENOMEM;
    q->top = home_position(s);
    if (!q->any_epoch && memcmp(&q->epoch, &s->epoch, sizeof s->epoch) != 0)
        return GCAST_ENOENT;
    (void)stream_write(s, &q->range, &q->publications);
    return q->publications.failed ? GCAST_ENOMEM : GCAST_OK;
}

static void query_at_home(letter *l)
{
    query *q = container_of(l, query, letter);

    q->err = query_read(q);
    home_settle(hub_self()); /* the stream may be new */
    group_release(q->group);
    l->open = query_answered;
    mailbox_post(&q->asker->mailbox, l);
}

gcast_err hub_history(hub *h, view channel, const hub_history_request *rq, hub_history_fn *fn,
                      void *arg)
{
    assert(hub_self() != NULL); /* who is to be answered? */

    query *q = calloc(1, sizeof *q);
    hub_group *g = q == NULL ? NULL : group_open(h->channels, channel, &rq->delivery);

    if (g == NULL) {
        free(q);
        return GCAST_ENOMEM;
    }
    q->letter.open = query_at_home;
    q->group = g;
    q->asker = hub_self();
    q->meta_ttl_ms = rq->meta_ttl_ms;
    q->range = rq->range;
    q->any_epoch = rq->epoch.len == 0;
    if (rq->epoch.len == STREAM_EPOCH_LEN)
        memcpy(q->epoch.text, rq->epoch.ptr, rq->epoch.len);
    q->fn = fn;
    q->arg = arg;
    home_ask(q->asker, g, &q->letter);
    return GCAST_OK;
}

/* ---- removing ---- */

typedef struct removal {
    letter letter;
    hub_group *group; /* held */
} removal;

static void removal_at_home(letter *l)
{
    removal *r = container_of(l, removal, letter);
    hub_worker *w = hub_self();

    if (r->group->stream != NULL) {
        history_drop(&w->history, &r->group->stream->stream);
        home_settle(w);
    }
    group_release(r->group);
    free(r);
}

gcast_err hub_history_remove(hub *h, view channel)
{
    hub_group *g = group_find(h->channels, channel);
    removal *r = g == NULL ? NULL : malloc(sizeof *r);

    if (g == NULL)
        return GCAST_OK; /* remembers nothing */
    if (r == NULL) {
        group_release(g);
        return GCAST_ENOMEM;
    }
    *r = (removal){.letter.open = removal_at_home, .group = g};
    mailbox_post(&group_home(h, g)->mailbox, &r->letter);
    return GCAST_OK;
}
