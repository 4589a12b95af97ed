/* SPDX-License-Identifier: MIT */
/*
 * What ends by itself. Tokens name times of the wall clock; how far off they are is worked out once,
 * when a token is accepted, and from then on the monotonic clock counts: when somebody sets the wall
 * clock, connections stay.
 */
#include <stdlib.h>

#include "client_internal.h"
#include "clock.h"

/* Of a client that has something that ends. */
struct client_expiry {
    uint64_t connection_ms; /* when the connection ends; UINT64_MAX: not */
    uint64_t subs_ms;       /* when the first subscription does, or did; UINT64_MAX: none does */
};

/* ---- terms ---- */

bool term_until(int64_t expire_at_s, term *out)
{
    int64_t left_s = expire_at_s - (int64_t)(clock_wall_ms() / 1000);

    *out = (term){.expires = expire_at_s > 0};
    if (!out->expires)
        return true;
    if (left_s <= 0)
        return false;
    out->ttl_s = left_s < UINT32_MAX ? (uint32_t)left_s : UINT32_MAX;
    return true;
}

uint64_t term_end_s(const term *t, uint64_t now_ms)
{
    return t->expires ? (now_ms + 999) / 1000 + t->ttl_s : 0;
}

/* ---- what is waited for ---- */

/* c's, made if need be; NULL: out of memory. */
static client_expiry *expiry_of(client *c)
{
    if (c->expiry != NULL)
        return c->expiry;
    c->expiry = malloc(sizeof *c->expiry);
    if (c->expiry != NULL)
        *c->expiry = (client_expiry){.connection_ms = UINT64_MAX, .subs_ms = UINT64_MAX};
    return c->expiry;
}

bool expiry_set_connection(client *c, const term *t, uint64_t now_ms)
{
    client_expiry *e = c->expiry;

    if (!t->expires && e == NULL)
        return true;
    e = expiry_of(c);
    if (e == NULL)
        return false;
    e->connection_ms = t->expires ? now_ms + UINT64_C(1000) * t->ttl_s +
                                        c->desk->cfg->client.expired_close_delay_ms
                                  : UINT64_MAX;
    heartbeat_reschedule(c);
    return true;
}

/* When a subscription is to be ended; UINT64_MAX: it does not expire. */
static uint64_t sub_end_ms(const client *c, uint64_t expires_at_s)
{
    return expires_at_s == 0
               ? UINT64_MAX
               : expires_at_s * 1000 + c->desk->cfg->client.expired_sub_close_delay_ms;
}

bool expiry_expect_sub(client *c, uint64_t expires_at_s)
{
    uint64_t end_ms = sub_end_ms(c, expires_at_s);

    if (expires_at_s == 0)
        return true;

    client_expiry *e = expiry_of(c);

    if (e == NULL)
        return false;
    if (end_ms < e->subs_ms) {
        e->subs_ms = end_ms;
        heartbeat_reschedule(c);
    }
    return true;
}

uint64_t expiry_due_ms(const client *c)
{
    const client_expiry *e = c->state == CLIENT_CONNECTED ? c->expiry : NULL;

    if (e == NULL)
        return UINT64_MAX;
    return e->connection_ms < e->subs_ms ? e->connection_ms : e->subs_ms;
}

void expiry_forget(client *c)
{
    free(c->expiry);
    c->expiry = NULL;
}

/* ---- the end ---- */

static void end_sub(client *c, const hub_sub *s)
{
    if ((hub_sub_flags(s) & HUB_SUB_SERVER_SIDE) != 0)
        client_disconnect(c, DISCONNECT_SUBSCRIPTION_EXPIRED); /* it cannot subscribe again */
    else
        hub_end_subscription(&c->conn, hub_sub_channel(s), UNSUBSCRIBE_EXPIRED,
                             view_of(unsubscribe_text(UNSUBSCRIBE_EXPIRED)));
}

/* Ends the subscriptions whose time has come, and notes when the next one's will. */
static void end_subs(client *c, uint64_t now_ms)
{
    uint64_t next_ms = UINT64_MAX;
    hub_sub *s = hub_sub_next(&c->conn, NULL);

    while (s != NULL) {
        uint64_t end_ms = sub_end_ms(c, hub_sub_expires_at_s(s));

        if (end_ms > now_ms) {
            next_ms = end_ms < next_ms ? end_ms : next_ms;
            s = hub_sub_next(&c->conn, s);
            continue;
        }
        end_sub(c, s);
        if (c->conn.closing)
            return;
        s = hub_sub_next(&c->conn, NULL); /* commands that waited for it may have ended others */
        next_ms = UINT64_MAX;
    }
    c->expiry->subs_ms = next_ms;
}

void expiry_run(client *c, uint64_t now_ms)
{
    if (now_ms < expiry_due_ms(c))
        return;
    if (now_ms >= c->expiry->connection_ms)
        client_disconnect(c, DISCONNECT_EXPIRED);
    else
        end_subs(c, now_ms);
}
