/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer for building messages. Appending never fails in place: when memory runs
 * out the buffer remembers it (`failed`) and ignores later appends, so that a builder checks once,
 * at the end. One thread at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view.h"

typedef struct buf {
    char *data; /* NULL until the first append */
    size_t len; /* bytes in use */
    size_t cap;
    bool failed; /* an append ran out of memory; the content is incomplete */
} buf;

/* A zeroed buf is an empty one: buf b = {0}; buf_fini() of it is harmless. */
void buf_fini(buf *b);

/* Makes room for `extra` more bytes. false: out of memory, and `failed` is set. */
bool buf_reserve(buf *b, size_t extra);

void buf_append(buf *b, const void *bytes, size_t len);
void buf_append_view(buf *b, view v);
void buf_append_char(buf *b, char c);
void buf_append_u64(buf *b, uint64_t number);
void buf_append_i64(buf *b, int64_t number);
void buf_printf(buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first `count` bytes (count <= len) and moves the rest to the front. */
void buf_consume(buf *b, size_t count);

/* Empties it and keeps the memory; clears `failed`. */
void buf_reset(buf *b);

/* Good until the next change of b. */
static inline view buf_view(const buf *b)
{
    return (view){.ptr = b->data, .len = b->len};
}

/* Appends a string literal without its NUL. */
#define buf_append_lit(b, literal) buf_append((b), (literal), sizeof(literal) - 1)

#endif
