/* SPDX-License-Identifier: MIT */
/* How to talk to each kind of server: what viewers and the publisher send. */
#ifndef FANOUT_DIALECT_H
#define FANOUT_DIALECT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

enum { CHANNEL_NAME_CAP = 8 };

typedef struct dialect {
    const char *viewer_path;    /* a "?c=NAME,NAME" follows unless they send commands */
    bool commands;              /* viewers speak Centrifugo's protocol: connect, then subscribe */
    const char *subscribed;     /* what an answer to subscribe must hold; or NULL */
    const char *publisher_path; /* the publisher is a WebSocket at this path; NULL: no WebSocket */
    /* Appends what publishes `message`. */
    void (*publish)(buf *out, unsigned channel, view message);
    void (*flush)(buf *out); /* appends what sends messages that were held back; or NULL */
} dialect;

extern const dialect dialect_floor;
extern const dialect dialect_plain;      /* the peers in JavaScript: publisher's WebSocket */
extern const dialect dialect_nchan;      /* publisher posts, on one connection */
extern const dialect dialect_centrifugo; /* publisher uses the HTTP API, on one connection */
extern const dialect dialect_positioned; /* the same, and viewers have a position */

/* Writes the name, of four characters. */
void channel_name(char out[CHANNEL_NAME_CAP], unsigned channel);

/* Appends the request of a WebSocket handshake for this path and query. */
void dialect_handshake(buf *out, const char *path, view query);

/* Appends one WebSocket frame as clients send them; `opcode` is 1 for text, 10 for a pong. */
void dialect_client_frame(buf *out, unsigned opcode, view payload);

#endif
