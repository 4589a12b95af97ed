/* SPDX-License-Identifier: MIT */
/*
 * Bytes ready for the wire, immutable and counted: what a broadcast encodes once and every
 * recipient shares. Any thread may hold a reference and drop it.
 */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "view.h"

typedef struct frame {
    _Atomic(uint32_t) x_refs;
    uint32_t len;
    uint32_t mark;       /* 0, or what its maker and those who send it on have agreed upon */
    uint32_t topic_len;  /* 0: of no topic */
    uint32_t topic_hash; /* by whoever gave it the topic */
    char data[];         /* the bytes for the wire, and behind them the topic */
} frame;

/* A frame of `len` bytes for the caller to fill, with one reference and no mark. NULL: out of memory,
 * or len is over UINT32_MAX. Must not be written to once a second thread can see it. */
frame *frame_new(size_t len);

/* A copy of `bytes` with one reference; NULL as above. */
frame *frame_copy(view bytes);

/* Gives it a topic: of the frames of one topic only the newest matters. Takes over f, which nobody
 * else has seen; NULL: out of memory, and f is gone. */
frame *frame_with_topic(frame *f, view topic, uint32_t hash);

/* One more reference; the caller holds one already. */
static inline frame *frame_get(frame *f)
{
    /* relaxed: the caller's own reference keeps it alive, nothing is published by counting */
    atomic_fetch_add_explicit(&f->x_refs, 1, memory_order_relaxed);
    return f;
}

/* Drops one; the last one frees. frame_put(NULL) is harmless. */
void frame_put(frame *f);

static inline view frame_view(const frame *f)
{
    return (view){.ptr = f->data, .len = f->len};
}

static inline view frame_topic(const frame *f)
{
    return (view){.ptr = f->data + f->len, .len = f->topic_len};
}

#endif
