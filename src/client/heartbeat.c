/* SPDX-License-Identifier: MIT */
/*
 * The life signs of a connection. One deadline serves all that it waits for: first the time within
 * which connect must come; then turn by turn the next ping and the time within which it must be
 * answered, or, if that is sooner, the end of what expires.
 */
#include "client_internal.h"
#include "random.h"

void heartbeat_reschedule(client *c)
{
    uint64_t expiry_ms = expiry_due_ms(c);
    uint64_t before_ms = c->deadline_ms;

    c->deadline_ms = expiry_ms < c->beat_ms ? expiry_ms : c->beat_ms;
    if (c->deadline_ms < before_ms)
        c->desk->sink->hasten(&c->conn);
}

static uint32_t at_most(uint64_t ms, uint32_t limit)
{
    return ms < limit ? (uint32_t)ms : limit;
}

void heartbeat_start(client *c, uint64_t now_ms)
{
    const config *cfg = c->desk->cfg;

    /* The client is told so now and goes by it: what is configured later is for those who come later. */
    c->ping_ms = at_most(cfg->client.ping_interval_ms, UINT32_MAX);
    c->pong_ms = at_most(cfg->client.pong_timeout_ms, c->ping_ms);
    /* somewhere in its second half, so that clients that came together are not pinged together */
    if (c->ping_ms != 0)
        c->beat_ms = now_ms + c->ping_ms - random_below(c->ping_ms / 2 + 1);
    heartbeat_reschedule(c);
}

bool heartbeat_pong(client *c)
{
    if (!c->pong_due)
        return false;
    c->pong_due = false;
    if (!c->pong_late) /* else that time is in it already */
        c->beat_ms += c->ping_ms;
    c->beat_ms -= c->pong_ms;
    heartbeat_reschedule(c);
    return true;
}

static void send_ping(client *c, uint64_t now_ms)
{
    c->pong_late = false;
    c->pong_due = c->pong_ms != 0;
    c->beat_ms = now_ms + (c->pong_due ? c->pong_ms : c->ping_ms);
    metric_add(&hub_worker_metrics(c->desk->worker)->x_pings, 1);
    hub_conn_send_frame(&c->conn, c->desk->ping);
}

static void beat(client *c, uint64_t now_ms)
{
    if (now_ms < c->beat_ms)
        return;
    if (c->pong_due)
        client_disconnect(c, DISCONNECT_NO_PONG);
    else
        send_ping(c, now_ms);
}

void client_wait_for_pong(client *c, uint64_t now_ms)
{
    c->pong_late = true;
    c->beat_ms = now_ms + c->ping_ms;
}

void client_tick(client *c, uint64_t now_ms)
{
    if (now_ms < c->deadline_ms)
        return;
    if (c->state != CLIENT_CONNECTED) {
        client_disconnect(c, DISCONNECT_STALE);
        return;
    }
    expiry_run(c, now_ms);
    if (!c->conn.closing)
        beat(c, now_ms);
    if (!c->conn.closing)
        heartbeat_reschedule(c);
}
