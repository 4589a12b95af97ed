/* SPDX-License-Identifier: MIT */
/*
 * One client's conversation: the commands it sends and what it is answered, its pings, its
 * deadlines. Messages in, messages out; no sockets, no framing, and time is an argument.
 *
 * Everything here runs on the worker that owns the connection.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "client_tokens.h"
#include "config.h"
#include "frame.h"
#include "hub.h"
#include "view.h"

/* What the clients of one worker share. */
typedef struct client_desk {
    const config *cfg;           /* owner: replaced between two events */
    const client_tokens *tokens; /* owner: replaced with it */
    hub *hub;                    /* const */
    hub_worker *worker;          /* const */
    const hub_sink *sink;        /* const */
    frame *ping;                 /* const: the message `{}` */
    buf replies;                 /* what one message is answered, in the making */
    buf scratch;                 /* strings of a command that had escapes */
} client_desk;

/* false: out of memory. */
bool client_desk_init(client_desk *d, const config *cfg, const client_tokens *tokens, hub *h,
                      hub_worker *worker, const hub_sink *sink);
void client_desk_fini(client_desk *d);

typedef enum client_state {
    CLIENT_NEW,       /* has not sent connect */
    CLIENT_REFUSED,   /* has, and was answered with an error: it must go */
    CLIENT_CONNECTED, /* in the registry */
} client_state;

typedef struct client_wait client_wait;
typedef struct client_expiry client_expiry;

typedef struct client {
    hub_conn conn;
    client_desk *desk;    /* const */
    uint64_t deadline_ms; /* when client_tick() must be called; UINT64_MAX: never */
    uint64_t beat_ms;     /* when the next ping, or the answer to the last, is due */
    client_wait *wait;    /* a command that is answered later; NULL: none */
    union {
        char *user;            /* until it has connected: from the handshake; NULL: none */
        client_expiry *expiry; /* from then on: what ends by itself; NULL: nothing */
    };
    uint32_t ping_ms; /* between two pings, as the client was told; 0: none */
    uint32_t pong_ms; /* in which it answers one, less than that; 0: it was not told to */
    uint32_t acked;   /* the transport's, while pong_late: what the peer had taken by then */
    uint8_t state;    /* client_state */
    bool pong_due;    /* a ping has not been answered */
    bool pong_late;   /* and it has got more time for that */
} client;

/* After hub_conn_init(&c->conn). `user`: whom the handshake's trusted header named; empty for none.
 * Copied. */
void client_open(client *c, client_desk *d, view user, uint64_t now_ms);

/* After the transport has called hub_conn_leave() and before hub_conn_release(). */
void client_close(client *c);

/* One message from the client: command lines. The connection may be disconnected through the sink
 * when this returns (c->conn.closing). */
void client_message(client *c, view message, uint64_t now_ms);

/* Before client_tick(), when a pong is overdue: the client is only slow, it gets as long as the interval
 * between pings. */
void client_wait_for_pong(client *c, uint64_t now_ms);

/* The deadline has come: a ping is due, a pong did not come, nobody said connect, or something has
 * expired. */
void client_tick(client *c, uint64_t now_ms);

#endif
