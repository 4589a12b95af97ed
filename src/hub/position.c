/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions that know where they are in their channel's stream, and miss nothing.
 *
 *   owner                                   home
 *   inserts the subscription, marked   ---> reads where the stream stands, and what was missed
 *   to get nothing (SKIP_ALL)          <--- answers, in the mailbox that its deliveries use
 *   removes the mark, tells the client
 *
 * Why nobody gets a publication twice, or not at all. Home deals with one letter at a time, so each
 * publication is numbered either before the position was read or after. Before: it is at or below the
 * position, hence among what is recovered or what the client has or gives up; its delivery, if there is
 * one, was posted before the answer and is skipped: the mark was there, or it waits in the part when the
 * mark goes and `skip` counts it. After: home sees the subscription counted, since that was done before
 * the letter was posted; the delivery comes behind the answer, and is not skipped.
 *
 * From then on a part's positioned members are all at the same place, which is kept once for all of them
 * (hub_track): each publication must be the next. If one is not, or if a check with home finds another
 * position, their subscriptions end, and the clients come back to recover.
 */
#include <stdlib.h>

#include "hub_internal.h"

const hub_position hub_nowhere;

/* ---- tracks ---- */

static hub_track *track_open(hub_part *p, uint64_t meta_ttl_ms)
{
    hub_track *t = p->track == NULL ? calloc(1, sizeof *t) : p->track;

    if (t == NULL)
        return NULL;
    if (p->track == NULL) {
        t->part = p;
        list_init(&t->due);
        p->track = t;
    }
    t->meta_ttl_ms = meta_ttl_ms;
    return t;
}

static void track_schedule(hub_track *t)
{
    hub_worker *w = t->part->worker;

    list_remove(&t->due);
    if (t->members == 0 || w->hub->opts.position_check_ms == 0)
        return;
    t->due_ms = w->now_ms + w->hub->opts.position_check_ms;
    list_add_tail(&w->checks, &t->due);
}

bool track_follow(hub_track *t, const hub_position *at)
{
    hub_position next = {.offset = t->at.offset + 1, .epoch = t->at.epoch};
    bool good = t->members == 0 || hub_position_eq(at, &next);

    t->at = *at;
    return good;
}

void track_leave(hub_track *t)
{
    t->members--;
    if (t->members == 0)
        list_remove(&t->due);
}

static void end_insufficient(hub_sub *s)
{
    hub_conn *c = s->conn;
    uint32_t code = UNSUBSCRIBE_INSUFFICIENT_STATE;

    metric_add(&c->worker->metrics.x_insufficient_state, 1);
    if ((s->flags & HUB_SUB_SERVER_SIDE) == 0) {
        hub_end_subscription(c, group_name(s->part->group), code, view_of(unsubscribe_text(code)));
        return;
    }
    conn_doom(c, DISCONNECT_INSUFFICIENT_STATE);
    s->skip = SKIP_ALL; /* until then */
    s->flags = (uint16_t)(s->flags & ~SUB_POSITIONED);
    track_leave(s->part->track);
}

void track_lost(hub_track *t)
{
    hub_part *p = t->part;
    hub_members *m = atomic_load_explicit(&p->x_members, memory_order_relaxed); /* own writes */
    uint32_t i = 0;

    group_hold(p->group); /* whose last member this may be */
    while (t->members != 0 && i < m->used) {
        hub_sub *s = slot_sub(atomic_load_explicit(&m->x_slots[i], memory_order_relaxed));

        i++;
        if (s == NULL || (s->flags & SUB_POSITIONED) == 0)
            continue;
        end_insufficient(s);

        hub_members *now = atomic_load_explicit(&p->x_members, memory_order_relaxed);

        i = now == m ? i : 0; /* they have moved together */
        m = now;
    }
    group_release(p->group);
}

/* ---- checks ---- */

static void check_done(letter *l)
{
    hub_track *t = container_of(l, hub_track, check.letter);
    hub_group *g = t->part->group;

    home_answered(t->part->worker);
    t->checking = false;
    /* every delivery up to what was found has come before this letter */
    if (t->members != 0 && t->check.found.epoch.text[0] != '\0' &&
        !hub_position_eq(&t->at, &t->check.found))
        track_lost(t);
    group_release(g);
}

static void check_at_home(letter *l)
{
    hub_track *t = container_of(l, hub_track, check.letter);
    const stream *s = home_stream(t->part->group, t->check.meta_ttl_ms);

    t->check.found = s == NULL ? (hub_position){0} : home_position(s);
    if (t->part->worker == hub_self()) {
        check_done(l); /* as deliveries do: not behind those that follow */
        return;
    }
    l->open = check_done;
    mailbox_post(&t->part->worker->mailbox, l);
}

void tracks_check(hub_worker *w)
{
    while (tracks_due_ms(w) <= w->now_ms) {
        hub_track *t = container_of(w->checks.next, hub_track, due);

        track_schedule(t);
        if (t->checking)
            continue;
        t->checking = true;
        t->check.meta_ttl_ms = t->meta_ttl_ms;
        t->check.letter.open = check_at_home;
        group_hold(t->part->group);
        home_ask(w, t->part->group, &t->check.letter);
    }
}

uint64_t tracks_due_ms(const hub_worker *w)
{
    return list_empty(&w->checks) ? UINT64_MAX
                                  : container_of(w->checks.next, hub_track, due)->due_ms;
}

/* ---- joining ---- */

void hub_join_since(hub_join *j, uint64_t offset, view epoch)
{
    j->since = offset;
    j->any_epoch = epoch.len == 0;
    j->epoch = (stream_epoch){0};
    if (epoch.len == STREAM_EPOCH_LEN)
        memcpy(j->epoch.text, epoch.ptr, epoch.len);
}

/* A member is at `top`, and gets what comes from now on. */
static void track_join(hub_track *t, hub_sub *s, const hub_position *top)
{
    hub_part *p = t->part;

    if (t->members != 0 && !hub_position_eq(&t->at, top))
        track_lost(t); /* the others have missed something: here it shows */
    t->at = *top;
    t->members++;
    if (t->members == 1)
        track_schedule(t);
    s->flags |= SUB_POSITIONED;
    s->skip = p->frames.count; /* published before the position was read */
    p->has_late = p->has_late || s->skip != 0;
}

/* The position is there: the subscription begins. */
static void join_begin(hub_join *j)
{
    hub_sub *s = j->sub;
    metrics *m = &j->part->worker->metrics;

    if (!j->result.failed)
        track_join(j->part->track, s, &j->result.top);
    if (j->recover)
        metric_add(j->result.recovered ? &m->x_recovered : &m->x_unrecovered, 1);
    j->answered = true;
    j->joined(j, s->conn, &j->result);
    if (j->sub == NULL)
        return; /* the caller did not want it like this */
    s->join = NULL;
    s->flags |= j->tells;
    tell_join(s);
}

static void join_done(letter *l)
{
    hub_join *j = container_of(l, hub_join, letter);

    home_answered(j->part->worker);
    j->result.publications = buf_view(&j->publications);
    if (j->sub != NULL)
        join_begin(j);
    group_release(j->group);
    buf_fini(&j->publications);
    free(j);
}

void join_ended(hub_join *j, hub_conn *c)
{
    if (!j->answered)
        j->joined(j, c, NULL);
    j->answered = true;
}

/* The last publication, unless the client has it. */
static bool recover_latest(hub_join *j, const stream *s, bool at_top)
{
    stream_range last = {.limit = 1, .reverse = true};

    if (!at_top && s->count != 0)
        (void)stream_write(s, &last, &j->publications);
    return at_top || s->count != 0;
}

static void join_read(hub_join *j)
{
    const stream *s = home_stream(j->group, j->meta_ttl_ms);

    if (s == NULL) {
        j->result.failed = true;
        return;
    }
    j->result.top = home_position(s);
    if (!j->recover)
        return;

    bool same_epoch = memcmp(&j->epoch, &s->epoch, sizeof s->epoch) == 0;

    if (j->latest)
        j->result.recovered = recover_latest(j, s, same_epoch && j->since == s->top);
    else if (same_epoch || j->any_epoch)
        j->result.recovered = stream_recover(s, j->since, j->limit, &j->publications);
    j->result.failed = j->publications.failed;
}

static void join_at_home(letter *l)
{
    hub_join *j = container_of(l, hub_join, letter);
    hub_worker *home = hub_self();

    join_read(j);
    home_settle(home); /* the stream may be new */
    if (j->part->worker == home) {
        join_done(l); /* as deliveries do: not behind those that follow */
        return;
    }
    l->open = join_done;
    mailbox_post(&j->part->worker->mailbox, l);
}

gcast_err hub_subscribe_positioned(hub_conn *c, view channel, const hub_sub_opts *opts, hub_join *j)
{
    gcast_err err;
    hub_sub *s = conn_subscribe(c, channel, opts, &err);

    if (s == NULL)
        return err;
    j->tells = s->flags & HUB_SUB_TELLS;
    s->flags = (uint16_t)(s->flags & ~j->tells); /* others are told when it has begun */
    if (track_open(s->part, j->meta_ttl_ms) == NULL) {
        (void)hub_unsubscribe(c, channel);
        return GCAST_ENOMEM;
    }
    s->skip = SKIP_ALL;
    s->join = j;
    j->answered = false;
    j->letter.open = join_at_home;
    j->group = s->part->group;
    group_hold(j->group);
    j->part = s->part;
    j->sub = s;
    j->result = (hub_joined){0};
    j->publications = (buf){0};
    home_ask(c->worker, j->group, &j->letter);
    return GCAST_OK;
}
