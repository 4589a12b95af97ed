/* SPDX-License-Identifier: MIT */
/* Connections: joining, leaving, and the careful end. */
#include <assert.h>
#include <stdlib.h>

#include "hub_internal.h"

void hub_conn_init(hub_conn *c, hub_worker *w)
{
    *c = (hub_conn){.worker = w};
    gcast_entry_init_id(&c->entry, gcast_id_new());
    list_init(&c->dirty);
    atomic_init(&c->x_user, NULL);
    atomic_init(&c->x_info, NULL);
}

static gcast_err join_user(hub_conn *c, view user)
{
    hub *h = c->worker->hub;
    hub_sub *s = group_join(h->users, user, &(hub_sub_opts){0}, c);

    if (s == NULL)
        return GCAST_ENOMEM;
    /* PAIRS acquire in hub_conn_user() */
    atomic_store_explicit(&c->x_user, s, memory_order_release);
    return GCAST_OK;
}

static void leave_user(hub_conn *c)
{
    hub_sub *s = atomic_load_explicit(&c->x_user, memory_order_relaxed); /* own write */

    if (s == NULL)
        return;
    /* relaxed: who still sees the old value is inside a section that keeps it */
    atomic_store_explicit(&c->x_user, NULL, memory_order_relaxed);
    group_leave(s);
}

gcast_err hub_conn_join(hub_conn *c, view user, view info)
{
    hub_worker *w = c->worker;
    gcast_err err = hub_conn_set_info(c, info);

    c->has_user = user.len != 0;
    if (err == GCAST_OK)
        err = gcast_add(w->hub->conns, &c->entry);
    if (err != GCAST_OK)
        return err;
    /* One reference more than the findable one: until the transport is done with it too. */
    bool held = gcast_get(&c->entry);

    assert(held); /* it has just become findable, and only the owner removes it */
    (void)held;
    c->joined = true;
    metric_add(&w->metrics.x_num_clients, 1);
    if (!c->has_user)
        metric_add(&w->metrics.x_num_anonymous, 1);
    /* Only now, for from here on errands may name it, and hub_conn_leave() is the way out. */
    return c->has_user ? join_user(c, user) : GCAST_OK;
}

static void end_subscriptions(hub_conn *c)
{
    while (c->subs != NULL) {
        hub_sub *s = c->subs;

        c->subs = s->next;
        c->sub_count--;
        metric_sub(&c->worker->metrics.x_num_subscriptions, 1);
        tell_leave(s);
    }
}

void hub_conn_leave(hub_conn *c)
{
    if (c->closing)
        return;
    c->closing = true;
    if (c->doom_code != 0) { /* whoever ends it now has a reason of his own to tell */
        c->doom_code = 0;
        hub_conn_drop_queue(c);
    }
    outbox_unhold(c);
    end_subscriptions(c);
    leave_user(c);
    if (!c->joined)
        return;
    (void)gcast_remove(c->worker->hub->conns, &c->entry); /* only the owner removes: it wins */
    metric_sub(&c->worker->metrics.x_num_clients, 1);
    if (!c->has_user)
        metric_sub(&c->worker->metrics.x_num_anonymous, 1);
}

/*
 * The end of a connection. Errands carry pointers to connections (errand.c): they were read from
 * the registry or a group, and posted to the owner, inside one read section. So when the grace
 * period after the removal is over, every letter that can name c has been posted; and a letter that
 * is posted to the owner now, c's farewell, is opened after all of them, because mailboxes keep
 * order. When it is opened nobody can name c any more.
 *
 * This runs on liburcu's thread: it posts, and touches nothing else.
 */
void conn_on_release(gcast_entry *e, void *arg)
{
    hub_conn *c = container_of(e, hub_conn, entry);

    (void)arg;
    mailbox_post(&c->worker->mailbox, &c->farewell);
}

/* Nobody can name c any more. */
static void conn_released(hub_conn *c)
{
    free(atomic_load_explicit(&c->x_info, memory_order_relaxed)); /* no readers are left */
    c->worker->hub->opts.sink->released(c);
}

static void farewell_open(letter *l)
{
    conn_released(container_of(l, hub_conn, farewell));
}

void hub_conn_release(hub_conn *c)
{
    hub_worker *w = c->worker;

    hub_conn_leave(c);
    conn_drop_due(c); /* also takes it off the doomed */
    outbox_free(c);
    if (!c->joined) {
        conn_released(c); /* nobody ever could */
        return;
    }
    c->farewell.open = farewell_open;
    gcast_put(w->hub->conns, &c->entry);
}

hub_client_id hub_conn_client_id(const hub_conn *c)
{
    return client_id_format(c->worker->hub, c->entry.key.id);
}

view hub_conn_user(const hub_conn *c)
{
    /* PAIRS join_user() */
    const hub_sub *s = atomic_load_explicit(&c->x_user, memory_order_acquire);

    return s == NULL ? (view){0} : group_name(s->part->group);
}

view hub_conn_info(const hub_conn *c)
{
    return info_view(&c->x_info);
}

client_info hub_client_info(const hub_conn *c, const hub_sub *s, hub_client_id *id)
{
    *id = hub_conn_client_id(c);
    return (client_info){
        .user = hub_conn_user(c),
        .client = {.ptr = id->text, .len = HUB_CLIENT_ID_LEN},
        .conn_info = hub_conn_info(c),
        .chan_info = s == NULL ? (view){0} : hub_sub_info(s),
    };
}

gcast_err hub_conn_set_info(hub_conn *c, view info)
{
    return info_set(c->worker->hub->conns, &c->x_info, info, 0) ? GCAST_OK : GCAST_ENOMEM;
}

/* ---- subscriptions ---- */

/* The link that leads to c's subscription to `channel`, or to the end of the list. */
static hub_sub **find_sub(hub_conn *c, view channel)
{
    hub_sub **link = &c->subs;

    while (*link != NULL && !view_eq(group_name((*link)->part->group), channel))
        link = &(*link)->next;
    return link;
}

hub_sub *hub_sub_find(const hub_conn *c, view channel)
{
    return *find_sub((hub_conn *)c, channel); /* only looks */
}

bool hub_is_subscribed(const hub_conn *c, view channel)
{
    return hub_sub_find(c, channel) != NULL;
}

hub_sub *hub_sub_next(const hub_conn *c, const hub_sub *s)
{
    return s == NULL ? c->subs : s->next;
}

view hub_sub_channel(const hub_sub *s)
{
    return group_name(s->part->group);
}

view hub_sub_info(const hub_sub *s)
{
    return info_view(&s->x_info);
}

uint32_t hub_sub_flags(const hub_sub *s)
{
    return s->flags;
}

uint64_t hub_sub_expires_at_s(const hub_sub *s)
{
    const hub_info *i = atomic_load_explicit(&s->x_info, memory_order_relaxed); /* own write */

    return i == NULL ? 0 : i->expires_at_s;
}

gcast_err hub_sub_refresh(hub_sub *s, view info, uint64_t expires_at_s)
{
    return info_set(s->part->group->registry, &s->x_info, info, expires_at_s) ? GCAST_OK
                                                                              : GCAST_ENOMEM;
}

hub_sub *conn_subscribe(hub_conn *c, view channel, const hub_sub_opts *opts, gcast_err *err)
{
    static const hub_sub_opts plain = {0};
    hub_worker *w = c->worker;

    *err = GCAST_EEXIST;
    if (hub_is_subscribed(c, channel))
        return NULL;
    *err = GCAST_ENOMEM;

    hub_sub *s = group_join(w->hub->channels, channel, opts != NULL ? opts : &plain, c);

    if (s == NULL) {
        metric_add(&w->metrics.x_out_of_memory, 1);
        return NULL;
    }
    if (opts != NULL && opts->delivery.latest && !c->patient) {
        c->patient = true;
        w->hub->opts.sink->hold_little(c);
    }
    s->next = c->subs;
    c->subs = s;
    c->sub_count++;
    metric_add(&w->metrics.x_num_subscriptions, 1);
    return s;
}

gcast_err hub_subscribe(hub_conn *c, view channel, const hub_sub_opts *opts)
{
    gcast_err err;
    const hub_sub *s = conn_subscribe(c, channel, opts, &err);

    if (s == NULL)
        return err;
    tell_join(s);
    return GCAST_OK;
}

gcast_err hub_unsubscribe(hub_conn *c, view channel)
{
    hub_sub **link = find_sub(c, channel);
    hub_sub *s = *link;

    if (s == NULL)
        return GCAST_ENOENT;
    *link = s->next;
    c->sub_count--;
    metric_sub(&c->worker->metrics.x_num_subscriptions, 1);

    hub_join *j = s->join;

    tell_leave(s);
    if (j != NULL)
        join_ended(j, c); /* whoever subscribed is told before whoever unsubscribes */
    return GCAST_OK;
}

void hub_end_subscription(hub_conn *c, view channel, uint32_t code, view reason)
{
    hub_worker *w = c->worker;

    buf_reset(&w->scratch);
    push_unsubscribe(&w->scratch, channel, code, reason); /* before the name may go */
    frame *f = w->scratch.failed ? NULL : w->hub->opts.sink->frame(buf_view(&w->scratch));

    if (hub_unsubscribe(c, channel) == GCAST_OK && f != NULL && !c->closing) {
        metric_add(&w->metrics.x_unsubscribes, 1);
        hub_conn_send_frame(c, f);
    }
    if (f == NULL)
        conn_doom(c, DISCONNECT_INTERNAL);
    frame_put(f);
}
