/* SPDX-License-Identifier: MIT */
/*
 * All streams of one owner: what they cost together, and which of them has to give way.
 *
 * Over the limit the channels that were published to least recently lose their publications first; the
 * one that has just been published to loses its oldest ones last. Their positions stay: a client that
 * comes back learns that it cannot recover. Streams without publications may take a quarter of the
 * memory; over it the least recently used are forgotten, position and all.
 *
 * Times are milliseconds of a clock that never goes back, given by the caller. Pure; one thread at a
 * time.
 */
#ifndef HISTORY_HISTORY_H
#define HISTORY_HISTORY_H

#include "stream.h"

typedef struct history {
    uint64_t max_bytes;
    uint64_t bytes;        /* of all streams */
    uint64_t bare_bytes;   /* of those, of the ones without publications */
    uint64_t publications; /* kept */
    uint64_t streams;
    uint64_t trimmed; /* publications that had to go for want of room, ever */
    list filled;      /* streams with publications, the least recently published to first */
    list bare;        /* streams without, the least recently used first */
    list round;       /* all streams, the next to be swept first */
} history;

void history_init(history *h, uint64_t max_bytes);

/* A new stream, at offset 0 of a new epoch. `extra_bytes`: what it costs its owner besides. */
void history_add(history *h, stream *s, size_t extra_bytes, uint64_t meta_ttl_ms, uint64_t now_ms);

/* Forgets a stream and frees what it keeps; s itself is the caller's. */
void history_remove(history *h, stream *s);

/* Before a stream is looked at: what has expired is dropped, and its life is prolonged. */
void history_touch(history *h, stream *s, uint64_t meta_ttl_ms, uint64_t now_ms);

/* Keeps one more publication, whose offset is the next one: s->top + 1. limits->size > 0. Streams
 * that have to give way lose theirs. false: out of memory, nothing was changed. */
bool history_store(history *h, stream *s, view publication, const stream_limits *limits,
                   uint64_t now_ms);

/* Drops the publications; the position stays. */
void history_drop(history *h, stream *s);

/* A stream to forget for want of room; NULL: none. The caller calls history_remove() on it and comes
 * again. */
stream *history_excess(const history *h);

/* Looks at the next stream in turn, whose publications go if they have expired. Returns it if it is to
 * be forgotten, as above; else NULL. */
stream *history_sweep(history *h, uint64_t now_ms);

#endif
