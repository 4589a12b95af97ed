/* SPDX-License-Identifier: MIT */
/* The opening handshake of WebSocket, server side: RFC 6455 section 4.2. Pure. */
#ifndef HTTP_HANDSHAKE_H
#define HTTP_HANDSHAKE_H

#include "buf.h"
#include "http.h"

typedef struct handshake {
    int status;          /* 101, or the status to refuse with: 400, 405, 426 */
    const char *reason;  /* one line for the body of a refusal */
    const char *headers; /* header lines that a refusal must carry, or NULL */
    view protocol;       /* the subprotocol chosen from those offered; empty: none */
} handshake;

/*
 * Once, before any thread: has libcrypto set itself up, which it else does at the first handshake, and
 * does not survive running out of memory in the middle of. false: there is no SHA-1.
 */
bool handshake_setup(void);

/*
 * Checks everything but the origin: method, version 13, key (16 bytes in base64, exactly one),
 * Host, Upgrade and Connection tokens, no body. Extensions that the client offers are declined by
 * not being named in the answer. `protocols`: NULL-terminated list of those we speak, the preferred
 * ones first; it must outlive the result.
 */
handshake handshake_check(const http_request *rq, const char *const *protocols);

/* Appends the 101 response for a request that passed; `protocol` is that of the result. When
 * memory runs out, out->failed is set. */
void handshake_accept(buf *out, const http_request *rq, view protocol);

#endif
