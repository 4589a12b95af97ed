/* SPDX-License-Identifier: MIT */
#include "orders.h"

#include <stdlib.h>

#include "client_internal.h"

/* Sends one push to c; false: out of memory, and c is disconnected. */
static bool send_push(client *c, const buf *push)
{
    frame *f = push->failed ? NULL : c->desk->sink->frame(buf_view(push));

    if (f == NULL) {
        metric_add(&hub_worker_metrics(c->desk->worker)->x_out_of_memory, 1);
        client_disconnect(c, DISCONNECT_INTERNAL);
        return false;
    }
    hub_conn_send(&c->conn, frame_view(f));
    frame_put(f);
    return true;
}

static client *client_of(hub_conn *c)
{
    return container_of(c, client, conn);
}

static view copy(char **at, view v)
{
    view copied = {.ptr = *at, .len = v.len};

    if (v.len != 0)
        memcpy(*at, v.ptr, v.len);
    *at += v.len;
    return copied;
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

static void push_subscribed(client *c, const client_sub_order *o)
{
    buf push = {0};

    push_subscribe(&push, o->channel, &(subscribe_result){.data = o->data});
    (void)send_push(c, &push); /* nothing else is to be done */
    buf_fini(&push);
}

static void run_subscribe(const hub_deed *d, hub_conn *hc)
{
    const client_sub_order *o = &container_of(d, const sub_deed, deed)->order;
    client *c = client_of(hc);
    term t;

    if (hub_is_subscribed(hc, o->channel) || !term_until(o->expire_at_s, &t))
        return;
    if (hc->sub_count >= c->desk->cfg->client.channel_limit) {
        client_disconnect(c, DISCONNECT_CHANNEL_LIMIT);
        return;
    }

    channel_options options = overridden_options(c, o->channel, &o->override);
    hub_sub_opts opts = {
        .delivery = delivery_of(c, o->channel),
        .info = o->info,
        .expires_at_s = term_end_s(&t, hub_worker_now_ms(c->desk->worker)),
        .flags = HUB_SUB_SERVER_SIDE | join_leave_flags(c, &options, false),
    };

    if (expiry_expect_sub(c, opts.expires_at_s) && hub_subscribe(hc, o->channel, &opts) == GCAST_OK)
        push_subscribed(c, o);
    else
        client_disconnect(c, DISCONNECT_INTERNAL);
}

int64_t clients_subscribe(hub *h, const hub_select *who, const client_sub_order *order)
{
    sub_deed *d = malloc(sizeof *d + order->channel.len + order->info.len + order->data.len);

    if (d == NULL)
        return GCAST_ENOMEM;

    char *at = d->bytes;

    d->deed = (hub_deed){.run = run_subscribe, .free = sub_deed_free};
    d->order = *order;
    d->order.channel = copy(&at, order->channel);
    d->order.info = copy(&at, order->info);
    d->order.data = copy(&at, order->data);
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
    (void)send_push(c, &push); /* nothing else is to be done */
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
    d->order.info = copy(&at, order->info);
    return hub_do(h, who, &d->deed);
}
