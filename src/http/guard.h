/* SPDX-License-Identifier: MIT */
/*
 * The strict reading of a request's head and trailer, byte by byte, ahead of http-parser. Debian
 * builds that library lax: it takes bare LF, a space before the colon, folded lines, any byte in
 * the place of the last LF. Two servers that disagree about such bytes can be played against each
 * other (request smuggling), so here each of them is an error (RFC 9112 sections 2.2, 5.1, 5.2).
 */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "view.h"

typedef enum guard_place {
    GUARD_BEFORE, /* the request line; empty lines before it are skipped */
    GUARD_METHOD,
    GUARD_TARGET,
    GUARD_VERSION,
    GUARD_LINE, /* the first byte of a header line */
    GUARD_NAME,
    GUARD_VALUE,
} guard_place;

/* Zeroed = ready for a request. */
typedef struct guard {
    guard_place place;
    bool after_cr;       /* the last byte was CR: only LF may follow */
    char major;          /* digit of the version, as sent */
    uint8_t token_len;   /* bytes of the method, then of the version */
    uint32_t len;        /* bytes of head and trailer so far */
    uint32_t target_len; /* bytes */
    uint32_t lines;      /* header lines, those of the trailer included */
    int status;          /* after GUARD_BAD: what to answer */
    const char *reason;  /* and one line why */
} guard;

typedef enum guard_result {
    GUARD_MORE, /* fine so far */
    GUARD_END,  /* this byte ended the head (or the trailer) */
    GUARD_BAD,
} guard_result;

guard_result guard_step(guard *g, unsigned char c);

/* true: guard_skip() may find something. */
static inline bool guard_can_skip(const guard *g)
{
    return !g->after_cr &&
           (g->place == GUARD_TARGET || g->place == GUARD_NAME || g->place == GUARD_VALUE);
}

/* After guard_can_skip(): takes the bytes at the front of `bytes` that change nothing but a length, all at
 * once, and returns how many; the next one is for guard_step(). */
size_t guard_skip(guard *g, view bytes);

/* Goes on with the trailer of a chunked body; the limits of the head hold for both together. */
void guard_begin_trailer(guard *g);

#endif
