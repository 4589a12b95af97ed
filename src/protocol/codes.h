/* SPDX-License-Identifier: MIT */
/*
 * The numbers of the client protocol that both ends know: errors in replies, reasons for closing a
 * connection, reasons for ending a subscription.
 */
#ifndef PROTOCOL_CODES_H
#define PROTOCOL_CODES_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, code, text, temporary): a temporary error asks the client to try again. */
#define PROTOCOL_ERROR_MAP(X)                                       \
    X(INTERNAL, 100, "internal server error", true)                 \
    X(UNAUTHORIZED, 101, "unauthorized", false)                     \
    X(UNKNOWN_CHANNEL, 102, "unknown channel", false)               \
    X(PERMISSION_DENIED, 103, "permission denied", false)           \
    X(METHOD_NOT_FOUND, 104, "method not found", false)             \
    X(ALREADY_SUBSCRIBED, 105, "already subscribed", false)         \
    X(LIMIT_EXCEEDED, 106, "limit exceeded", false)                 \
    X(BAD_REQUEST, 107, "bad request", false)                       \
    X(NOT_AVAILABLE, 108, "not available", false)                   \
    X(TOKEN_EXPIRED, 109, "token expired", false)                   \
    X(EXPIRED, 110, "expired", false)                               \
    X(TOO_MANY_REQUESTS, 111, "too many requests", true)            \
    X(UNRECOVERABLE_POSITION, 112, "unrecoverable position", false) \
    X(CONCURRENT_PAGINATION, 113, "concurrent pagination", false)

typedef enum protocol_error {
    PROTOCOL_OK = 0,
#define X(name, code, text, temporary) PROTOCOL_##name = (code),
    PROTOCOL_ERROR_MAP(X)
#undef X
} protocol_error;

/* The text that goes with a code; "internal server error" for a code that is none. Static, like
 * every text below. */
const char *protocol_error_text(protocol_error code);

/* As the list says; a code that is none is temporary, as the internal error is. */
bool protocol_error_temporary(protocol_error code);

/* X(NAME, code, text): 3000-3499 the client comes back, 3500-3999 it stays away. */
#define DISCONNECT_MAP(X)                                     \
    X(CONNECTION_CLOSED, 3000, "connection closed")           \
    X(SHUTDOWN, 3001, "shutdown")                             \
    X(INTERNAL, 3004, "internal server error")                \
    X(EXPIRED, 3005, "connection expired")                    \
    X(SUBSCRIPTION_EXPIRED, 3006, "subscription expired")     \
    X(SLOW, 3008, "slow")                                     \
    X(WRITE_ERROR, 3009, "write error")                       \
    X(INSUFFICIENT_STATE, 3010, "insufficient state")         \
    X(FORCE_RECONNECT, 3011, "force reconnect")               \
    X(NO_PONG, 3012, "no pong")                               \
    X(TOO_MANY_REQUESTS, 3013, "too many requests")           \
    X(STATE_INVALIDATED, 3014, "state invalidated")           \
    X(INVALID_TOKEN, 3500, "invalid token")                   \
    X(BAD_REQUEST, 3501, "bad request")                       \
    X(STALE, 3502, "stale")                                   \
    X(FORCE_NO_RECONNECT, 3503, "force disconnect")           \
    X(CONNECTION_LIMIT, 3504, "connection limit")             \
    X(CHANNEL_LIMIT, 3505, "channel limit")                   \
    X(INAPPROPRIATE_PROTOCOL, 3506, "inappropriate protocol") \
    X(PERMISSION_DENIED, 3507, "permission denied")           \
    X(NOT_AVAILABLE, 3508, "not available")                   \
    X(TOO_MANY_ERRORS, 3509, "too many errors")

typedef enum disconnect_code {
#define X(name, code, text) DISCONNECT_##name = (code),
    DISCONNECT_MAP(X)
#undef X
} disconnect_code;

/* The reason text of a code above; "" for any other. */
const char *disconnect_text(uint32_t code);

/* X(NAME, code, text): from 2500 on the client subscribes again at once. */
#define UNSUBSCRIBE_MAP(X)                            \
    X(SERVER, 2000, "server unsubscribe")             \
    X(INSUFFICIENT_STATE, 2500, "insufficient state") \
    X(EXPIRED, 2501, "subscription expired")          \
    X(STATE_INVALIDATED, 2502, "state invalidated")

typedef enum unsubscribe_code {
#define X(name, code, text) UNSUBSCRIBE_##name = (code),
    UNSUBSCRIBE_MAP(X)
#undef X
} unsubscribe_code;

/* As disconnect_text(). */
const char *unsubscribe_text(uint32_t code);

#endif
