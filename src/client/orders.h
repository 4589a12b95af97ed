/* SPDX-License-Identifier: MIT */
/*
 * What the server's application orders to be done with clients, wherever they are. Any thread. All
 * connections of the hub must be those of clients. Each returns the number of connections that the
 * order was sent to, or GCAST_ENOMEM; they may be gone when it arrives.
 */
#ifndef CLIENT_ORDERS_H
#define CLIENT_ORDERS_H

#include "command.h"
#include "hub.h"
#include "override.h"

/* Views are copied. */
typedef struct client_sub_order {
    view channel; /* a good name in a namespace that there is */
    view info;    /* raw JSON, valid; may be empty */
    view data;    /* raw JSON, valid; may be empty; for the client */
    channel_override override;
    bool recovers;         /* those that are recoverable get what came after... */
    stream_position since; /* ...this */
    int64_t expire_at_s;   /* seconds since 1970; 0: never */
} client_sub_order;

/* Makes server-side subscriptions, and tells the clients, who then get what is recovered, publication by
 * publication. Who is subscribed already stays as it is;
 * whoever has no room for one more channel is disconnected. */
int64_t clients_subscribe(hub *h, const hub_select *who, const client_sub_order *order);

typedef struct client_refresh_order {
    view info;           /* raw JSON, valid; empty: it stays as it is */
    int64_t expire_at_s; /* 0: never */
    bool expired;        /* now */
} client_refresh_order;

/* Sets when connections end, and tells the clients. */
int64_t clients_refresh(hub *h, const hub_select *who, const client_refresh_order *order);

#endif
