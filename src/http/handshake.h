/* SPDX-License-Identifier: MIT */
/* The opening handshake of WebSocket, server side: RFC 6455 section 4.2. Pure. */
#ifndef HTTP_HANDSHAKE_H
#define HTTP_HANDSHAKE_H

#include "buf.h"
#include "http.h"

typedef struct handshake {
    int status;         /* 101, or the status to refuse with: 400, 403, 405, 426 */
    const char *reason; /* one line for the body of a refusal */
    const char
        *headers;  /* what the refusal must carry: Allow, Sec-WebSocket-Version, ... or NULL */
    view protocol; /* the subprotocol chosen from those offered; empty: none */
} handshake;

/* Checks everything but the origin: method, version 13, key (16 bytes in base64, exactly one),
 * Host, Upgrade and Connection tokens, no body. `protocols`: NULL-terminated list of those we
 * speak. */
handshake handshake_check(const http_request *rq, const char *const *protocols);

/* Appends the 101 response for a request that passed. */
void handshake_accept(buf *out, const http_request *rq, view protocol);

#endif
