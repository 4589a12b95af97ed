/* SPDX-License-Identifier: MIT */
/*
 * WebSocket frames (RFC 6455): what clients send is taken apart by wslay, what we send is framed
 * here. Bytes in, messages out; no sockets.
 *
 * A reader is needed only while a connection has part of a message in flight: borrow one to feed
 * the bytes that came, and give it back to the pool when ws_reader_idle() says that nothing is left
 * in it. An idle connection has none.
 */
#ifndef WS_WS_H
#define WS_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view.h"

/* Close codes of RFC 6455 section 7.4.1 that we send ourselves. */
enum {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_PROTOCOL = 1002,
    WS_CLOSE_INVALID_DATA = 1007,
    WS_CLOSE_TOO_BIG = 1009,
};

enum {
    WS_MAX_CONTROL = 125, /* RFC 6455 section 5.5 */
    WS_MAX_REASON = 123,  /* what is left of it after the code */
    WS_MAX_HEADER = 10,   /* of a server frame, which is never masked */
};

typedef enum ws_opcode {
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
} ws_opcode;

/* Writes the header of an unmasked, unfragmented server frame into out[WS_MAX_HEADER].
 * Returns its length: 2, 4 or 10. */
size_t ws_header(uint8_t *out, ws_opcode opcode, uint64_t payload_len);

/* The length of the server frame, header included, that `framed` begins with; 0 if its header is
 * not all there. For frames of ours: whole and unmasked. */
size_t ws_frame_len(view framed);

/* Writes a close frame into out[2 + WS_MAX_CONTROL]; a reason over WS_MAX_REASON is cut at a
 * character border. code 0: no payload. Returns its length. */
size_t ws_close_frame(uint8_t *out, uint16_t code, view reason);

typedef struct ws_limits {
    size_t max_message;     /* bytes; when more is announced the reader fails with 1009 at once */
    uint32_t max_fragments; /* of one message; over it 1009 */
} ws_limits;

/*
 * What a reader reports, in the order in which it happened. `arg` is that of ws_reader_feed(). All
 * views die on return. A callback may not feed the same reader. Nothing is answered by the reader:
 * pongs and the close frame are the caller's to send.
 */
typedef struct ws_events {
    void (*on_message)(void *arg, ws_opcode opcode,
                       view payload); /* WS_TEXT (valid UTF-8), WS_BINARY */
    void (*on_ping)(void *arg, view payload);
    void (*on_pong)(void *arg, view payload);
    /* The peer closes: code 1005 = none was given. Nothing more will be reported. */
    void (*on_close)(void *arg, uint16_t code, view reason);
} ws_events;

typedef struct ws_reader ws_reader;

/*
 * NULL: out of memory. `events` must outlive the reader. A reader takes 5.2 KB in two blocks of
 * malloc; while part of a message is held also a buffer, grown as the bytes come to at most twice
 * max_message. What is kept of it between messages is at most 4 KB.
 */
ws_reader *ws_reader_new(const ws_limits *limits, const ws_events *events);
void ws_reader_free(ws_reader *r); /* NULL is harmless */

/* Between two messages: the next ones have other limits. */
void ws_reader_limit(ws_reader *r, const ws_limits *limits);

typedef enum ws_result {
    WS_OK,      /* all bytes were taken */
    WS_CLOSED,  /* the peer's close frame came; what follows it is ignored */
    WS_STOPPED, /* ws_reader_stop() was called */
    WS_FAILED,  /* broken protocol: close with ws_reader_error() */
    WS_NOMEM,
} ws_result;

/*
 * Takes bytes as they came from the network; how they were split makes no difference. After
 * anything but WS_OK the reader can only be freed; a further feed takes nothing and says the same
 * again.
 */
ws_result ws_reader_feed(ws_reader *r, view bytes, void *arg);

/* Called from a callback: nothing more is reported, feed returns WS_STOPPED. The reader must not be
 * freed before that. */
void ws_reader_stop(ws_reader *r);

/* true: no byte of a frame and no fragment of a message is held; the reader can serve another
 * connection. */
bool ws_reader_idle(const ws_reader *r);

/* After WS_FAILED: 1002, 1007 or 1009. */
uint16_t ws_reader_error(const ws_reader *r);

#endif
