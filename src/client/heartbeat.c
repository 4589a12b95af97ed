/* SPDX-License-Identifier: MIT */
/*
 * The life signs of a connection. One deadline serves all: first the time within which connect must
 * come, then turn by turn the next ping and the time within which it must be answered.
 */
#include "client_internal.h"
#include "random.h"

void heartbeat_start(client *c, uint64_t now_ms)
{
    uint64_t interval = c->desk->cfg->client.ping_interval_ms;

    if (interval == 0) {
        c->deadline_ms = UINT64_MAX;
        return;
    }
    /* somewhere in its second half, so that clients that came together are not pinged together */
    c->ping_ms = now_ms + interval - random_below((uint32_t)(interval / 2) + 1);
    c->deadline_ms = c->ping_ms;
}

bool heartbeat_pong(client *c)
{
    if (!c->pong_due)
        return false;
    c->pong_due = false;
    c->deadline_ms = c->ping_ms + c->desk->cfg->client.ping_interval_ms;
    return true;
}

static void send_ping(client *c, uint64_t now_ms)
{
    const config *cfg = c->desk->cfg;

    c->ping_ms = now_ms;
    c->pong_due = cfg->client.pong_timeout_ms != 0;
    c->deadline_ms =
        now_ms + (c->pong_due ? cfg->client.pong_timeout_ms : cfg->client.ping_interval_ms);
    metric_add(&hub_worker_metrics(c->desk->worker)->x_pings, 1);
    hub_conn_send(&c->conn, frame_view(c->desk->ping));
}

void client_wait_for_pong(client *c, uint64_t now_ms)
{
    c->deadline_ms = now_ms + c->desk->cfg->client.ping_interval_ms;
}

void client_tick(client *c, uint64_t now_ms)
{
    if (now_ms < c->deadline_ms)
        return;
    if (c->state != CLIENT_CONNECTED)
        client_disconnect(c, DISCONNECT_STALE);
    else if (c->pong_due)
        client_disconnect(c, DISCONNECT_NO_PONG);
    else
        send_ping(c, now_ms);
}
