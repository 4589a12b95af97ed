/* SPDX-License-Identifier: MIT */
/*
 * Frames that wait, in order. A frame of a topic replaces the one of the same topic that waits
 * already, and takes its place at the end: so the queue is bounded by the number of topics, ends with
 * the newest of each, and shows them in the order of their newest.
 *
 * A ring of segments; a table leads from topics to the segments that may still be replaced. A segment
 * that has been begun may not. One thread.
 */
#ifndef HUB_QUEUE_H
#define HUB_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

typedef struct segment {
    frame *frame;  /* one reference; NULL: replaced, a gap */
    uint32_t from; /* bytes before it are written */
    uint32_t to;
} segment;

/* Zeroed = empty. */
typedef struct frame_queue {
    segment *ring;
    uint32_t *places; /* hash table, twice as long as the ring: index in it + 1; NULL: no topics */
    uint32_t first;   /* never a gap while there are any */
    uint32_t count;   /* gaps included */
    uint32_t gaps;
    uint32_t cap;       /* of the ring, a power of two */
    size_t bytes;       /* that wait */
    size_t topic_bytes; /* those of them that are of a topic */
} frame_queue;

typedef enum queue_put_result {
    QUEUE_ADDED,
    QUEUE_REPLACED, /* an older one of its topic is gone */
    QUEUE_NOMEM,    /* nothing was changed */
} queue_put_result;

/* Appends f without its first `from` bytes (from < f->len), which are written already. Takes one
 * reference of its own. */
queue_put_result queue_put(frame_queue *q, frame *f, uint32_t from);

/* Puts f, which has no topic, before all others; none of them has been begun. false: out of memory, and
 * nothing was changed. */
bool queue_put_first(frame_queue *q, frame *f);

/* The first one; only while count != 0. */
const segment *queue_first(const frame_queue *q);

/* The next one from position *at on, which begins at 0 and is moved past it; NULL: no more. */
const segment *queue_next(const frame_queue *q, uint32_t *at);

/* Removes the first one, whose reference passes to the caller. */
frame *queue_take(frame_queue *q);

/* `written` bytes from the front are done. */
void queue_advance(frame_queue *q, size_t written);

/* Keeps only the first one, and of it what is before byte `to` of its frame; all of it must not have
 * been written. */
void queue_keep_first(frame_queue *q, uint32_t to);

/* Empties it and frees its memory. */
void queue_clear(frame_queue *q);

#endif
