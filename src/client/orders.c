/* SPDX-License-Identifier: MIT */
#include "orders.h"

#include <stdlib.h>

#include "client_internal.h"
#include "json.h"

/* Sends one push to c. Out of memory: c is disconnected. */
static void send_push(client *c, const buf *push)
{
    frame *f = push->failed ? NULL : c->desk->sink->frame(buf_view(push));

    if (f == NULL) {
        metric_add(&hub_worker_metrics(c->desk->worker)->x_out_of_memory, 1);
        client_disconnect(c, DISCONNECT_INTERNAL);
        return;
    }
    hub_conn_send_frame(&c->conn, f);
    frame_put(f);
}

static client *client_of(hub_conn *c)
{
    return container_of(c, client, conn);
}

/* ---- subscribe ---- */

typedef struct sub_deed {
    hub_deed deed;
    client_sub_order order;
    char bytes[];
} sub_deed;

static void sub_deed_free(hub_deed *d)
{
    free(container_of(d, sub_deed, deed));
}

static void push_subscribed(client *c, view channel, const subscribe_result *result)
{
    buf push = {0};

    push_subscribe(&push, channel, result);
    send_push(c, &push);
    buf_fini(&push);
}

/* A position that is waited for before the client is told. */
typedef struct ordered_joining {
    hub_join join;
    position_wish wish;
    view data;
    char bytes[]; /* data is here */
} ordered_joining;

/* The push of a subscription has no room for them. */
static void push_recovered(client *c, view channel, view publications)
{
    json_iter it;
    view pub;
    buf push = {0};

    if (publications.len == 0 || !json_iter_init(&it, publications))
        return;
    while (!c->conn.closing && json_iter_next(&it, NULL, &pub)) {
        buf_reset(&push);
        push_written_publication(&push, channel, pub);
        send_push(c, &push);
    }
    buf_fini(&push);
}

static void on_joined(hub_join *join, hub_conn *conn, const hub_joined *r)
{
    const ordered_joining *j = container_of(join, ordered_joining, join);
    client *c = container_of(conn, client, conn);
    subscribe_result result = {.data = j->data};

    if (r == NULL)
        return; /* it has ended before it was told of */
    if (r->failed) {
        client_disconnect(c, DISCONNECT_INTERNAL);
        return;
    }
    position_result(&result, join, r, &j->wish);

    view channel = hub_sub_channel(join->sub);

    push_subscribed(c, channel, &result);
    if (join->sub != NULL)
        push_recovered(c, channel, result.publications);
}

static subscribe_request asked_for(const client_sub_order *o)
{
    return (subscribe_request){.recover = o->recovers, .since = o->since};
}

static gcast_err subscribe_positioned_later(client *c, const client_sub_order *o,
                                            const channel_options *options,
                                            const hub_sub_opts *opts, const position_wish *wish)
{
    ordered_joining *j = calloc(1, sizeof *j + o->data.len);
    subscribe_request rq = asked_for(o);
    gcast_err err;

    if (j == NULL)
        return GCAST_ENOMEM;

    char *at = j->bytes;

    j->wish = *wish;
    j->data = view_copy(o->data, &at);
    position_join_init(&j->join, c, options, &rq, wish);
    j->join.joined = on_joined;
    err = hub_subscribe_positioned(&c->conn, o->channel, opts, &j->join);
    if (err != GCAST_OK)
        free(j);
    return err;
}

static gcast_err subscribe_at_once(client *c, const client_sub_order *o, const hub_sub_opts *opts)
{
    gcast_err err = hub_subscribe(&c->conn, o->channel, opts);

    if (err == GCAST_OK)
        push_subscribed(c, o->channel, &(subscribe_result){.data = o->data});
    return err;
}

/* The channel is one that c has not. */
static gcast_err subscribe(client *c, const client_sub_order *o, const term *t)
{
    channel_options options = overridden_options(c, o->channel, &o->override);
    subscribe_request rq = asked_for(o);
    position_wish wish = position_wish_of(c, &options, &rq);
    hub_sub_opts opts = {
        .delivery = delivery_of(c, o->channel),
        .info = o->info,
        .expires_at_s = term_end_s(t, hub_worker_now_ms(c->desk->worker)),
        .flags = HUB_SUB_SERVER_SIDE | sub_flags(c, &options, &o->override, false),
    };

    (void)rules_interval(&options, (view){0}, &opts.interval_ms); /* nothing is asked for */
    if (!expiry_expect_sub(c, opts.expires_at_s))
        return GCAST_ENOMEM;
    return wish.positioned ? subscribe_positioned_later(c, o, &options, &opts, &wish)
                           : subscribe_at_once(c, o, &opts);
}

static void run_subscribe(const hub_deed *d, hub_conn *hc)
{
    const client_sub_order *o = &container_of(d, const sub_deed, deed)->order;
    client *c = client_of(hc);
    const channel_options *options;
    term t;

    if (hub_is_subscribed(hc, o->channel) || !term_until(o->expire_at_s, &t) ||
        channel_check(c, o->channel, &options) != PROTOCOL_OK)
        return; /* the last: its namespace has gone since the order was given */
    if (hc->sub_count >= c->desk->cfg->client.channel_limit)
        client_disconnect(c, DISCONNECT_CHANNEL_LIMIT);
    else if (subscribe(c, o, &t) != GCAST_OK)
        client_disconnect(c, DISCONNECT_INTERNAL);
}

int64_t clients_subscribe(hub *h, const hub_select *who, const client_sub_order *order)
{
    sub_deed *d = malloc(sizeof *d + order->channel.len + order->info.len + order->data.len +
                         order->since.epoch.len);

    if (d == NULL)
        return GCAST_ENOMEM;

    char *at = d->bytes;

    d->deed = (hub_deed){.run = run_subscribe, .free = sub_deed_free};
    d->order = *order;
    d->order.channel = view_copy(order->channel, &at);
    d->order.info = view_copy(order->info, &at);
    d->order.data = view_copy(order->data, &at);
    d->order.since.epoch = view_copy(order->since.epoch, &at);
    return hub_do(h, who, &d->deed);
}

/* ---- refresh ---- */

typedef struct refresh_deed {
    hub_deed deed;
    client_refresh_order order;
    char bytes[];
} refresh_deed;

static void refresh_deed_free(hub_deed *d)
{
    free(container_of(d, refresh_deed, deed));
}

static void push_refreshed(client *c, const term *t)
{
    buf push = {0};

    push_refresh(&push, t->expires, t->ttl_s);
    send_push(c, &push);
    buf_fini(&push);
}

static void run_refresh(const hub_deed *d, hub_conn *hc)
{
    const client_refresh_order *o = &container_of(d, const refresh_deed, deed)->order;
    client *c = client_of(hc);
    term t;

    if (o->expired || !term_until(o->expire_at_s, &t))
        client_disconnect(c, DISCONNECT_EXPIRED);
    else if (!expiry_set_connection(c, &t, hub_worker_now_ms(c->desk->worker)) ||
             (o->info.len != 0 && hub_conn_set_info(hc, o->info) != GCAST_OK))
        client_disconnect(c, DISCONNECT_INTERNAL);
    else
        push_refreshed(c, &t);
}

int64_t clients_refresh(hub *h, const hub_select *who, const client_refresh_order *order)
{
    refresh_deed *d = malloc(sizeof *d + order->info.len);

    if (d == NULL)
        return GCAST_ENOMEM;

    char *at = d->bytes;

    d->deed = (hub_deed){.run = run_refresh, .free = refresh_deed_free};
    d->order = *order;
    d->order.info = view_copy(order->info, &at);
    return hub_do(h, who, &d->deed);
}
