/* SPDX-License-Identifier: MIT */
/*
 * The framing of a chunked body, strictly (RFC 9112 section 7.1), ahead of http-parser, which as
 * Debian builds it accepts any two bytes after a chunk. See guard.h for why that matters.
 */
#ifndef HTTP_CHUNK_H
#define HTTP_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

enum { CHUNK_MAX_LINE = 256 }; /* bytes of a size line with its extensions */

typedef enum chunk_place {
    CHUNK_SIZE,
    CHUNK_EXTENSION, /* skipped up to the end of the line */
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER, /* the last chunk has passed: lines of the form of headers follow */
} chunk_place;

/* Zeroed = before the first chunk. */
typedef struct chunk {
    chunk_place place;
    uint32_t line_len; /* bytes of the size line so far */
    uint64_t left;     /* bytes of data still to come; while in CHUNK_SIZE the size so far */
} chunk;

/* Takes one byte outside of CHUNK_DATA and CHUNK_TRAILER. false: the framing is broken. */
bool chunk_step(chunk *k, unsigned char c);

/* Notes that `count` <= left bytes of data have passed. */
void chunk_pass_data(chunk *k, uint64_t count);

#endif
