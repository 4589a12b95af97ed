/* SPDX-License-Identifier: MIT */
/*
 * The stream of one channel: where it stands, and its last publications.
 *
 *   offset   the number of a publication: 1, 2, 3 and so on, with no gaps
 *   epoch    a random name for one life of the stream; offsets of different epochs have nothing to do
 *            with each other
 *
 * Offsets of what is kept are consecutive and end with the top. Pure: no clock, no lock; one thread
 * at a time. Streams are made and filled through history.h, which bounds them all together.
 */
#ifndef HISTORY_STREAM_H
#define HISTORY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "list.h"
#include "view.h"

enum { STREAM_EPOCH_LEN = 8 };

typedef struct stream_epoch {
    char text[STREAM_EPOCH_LEN];
} stream_epoch;

/* How much a stream keeps; it keeps nothing unless size and ttl_ms are above 0. */
typedef struct stream_limits {
    uint32_t size;        /* publications */
    uint64_t ttl_ms;      /* all of them go this long after the last one came */
    uint64_t meta_ttl_ms; /* this long after the last use the stream is forgotten; 0: never */
} stream_limits;

/* One publication as it goes into replies: a JSON object. */
typedef struct stream_item {
    char *text;
    uint32_t len;
} stream_item;

typedef struct stream {
    list order; /* among those with publications by the last of them, or among those without */
    list round; /* among all, for the sweep */
    stream_epoch epoch;
    uint64_t top; /* offset of the last publication; 0: none yet */
    uint64_t version;
    char *version_epoch; /* NULL: none */
    uint64_t expires_ms; /* when the publications go */
    uint64_t forget_ms;  /* when the stream goes; UINT64_MAX: never */
    size_t bytes;        /* all of it */
    stream_item *items;  /* a ring */
    uint32_t first;      /* of the ring: the oldest */
    uint32_t count;
    uint32_t cap;
    bool filled; /* has publications, as far as the lists of its history know */
} stream;

static inline view stream_epoch_view(const stream_epoch *e)
{
    return (view){.ptr = e->text, .len = STREAM_EPOCH_LEN};
}

/* true: text names this epoch. */
static inline bool stream_epoch_is(const stream_epoch *e, view text)
{
    return view_eq(stream_epoch_view(e), text);
}

/* Whether publications are kept at all. */
static inline bool stream_limits_keep(const stream_limits *l)
{
    return l->size != 0 && l->ttl_ms != 0;
}

/* Where the publication number `index` from the oldest is in the ring. */
static inline uint32_t stream_slot(const stream *s, uint32_t index)
{
    uint64_t slot = (uint64_t)s->first + index;

    return (uint32_t)(slot < s->cap ? slot : slot - s->cap);
}

/* true: it was not used for so long that it is to be forgotten. */
static inline bool stream_is_over(const stream *s, uint64_t now_ms)
{
    return now_ms >= s->forget_ms;
}

/* Which publications. */
typedef struct stream_range {
    bool has_since;
    uint64_t since; /* forward: those above; reverse: those below */
    uint32_t limit; /* at most so many */
    bool reverse;   /* the latest first */
} stream_range;

/* Appends them to `out` as a JSON array. Returns how many; out->failed: out of memory. */
uint32_t stream_write(const stream *s, const stream_range *range, buf *out);

/* The publications after `since` if they lead without a gap to the top and are no more than `limit`:
 * appended as above, or nothing if there are none. false: they do not, and nothing was appended. */
bool stream_recover(const stream *s, uint64_t since, uint32_t limit, buf *out);

/* A document's version: false if it is not above the one that the stream has seen last, unless
 * `epoch` is not empty and another than that one's. */
bool stream_version_is_new(const stream *s, uint64_t version, view epoch);

/* Remembers a version. false: out of memory, nothing changed. */
bool stream_set_version(stream *s, uint64_t version, view epoch);

#endif
