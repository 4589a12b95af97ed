/* SPDX-License-Identifier: MIT */
/*
 * A short cut for look-ups, beside the hash table: buckets of eight places, each bucket a cache
 * line. A place holds the address of an entry and, in the bits that addresses leave free, a part of
 * its key's hash, so that hardly ever an entry is looked at that is not the wanted one. A hint may
 * be missing: of a hundred keys one finds no place in its bucket. The finder goes to the table then,
 * which alone decides who is in.
 *
 * Why it pays: following a chain of the table is a row of cache misses, each known only after the
 * one before. With a hint there is one before those of the entry itself.
 *
 * A hint is an address that nobody counts, so it must be gone before the entry's grace period
 * begins. Whoever takes an entry out of the table clears its hint afterwards. Whoever sets a hint
 * looks afterwards whether the entry is still in the table, and if not clears the hint again. Of the
 * two at least one sees what the other did, and each does both inside one read section.
 */
#ifndef REGISTRY_HINTS_H
#define REGISTRY_HINTS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <gracecast/registry.h>

enum {
    HINT_WAYS = 8,         /* places in a bucket: 64 bytes */
    HINT_ENTRIES = 4,      /* entries for each bucket, if there are as many as the hints are for */
    HINT_FIRST_SHIFT = 45, /* the three bits of the hash that say where in the bucket to begin */
    HINT_TAG_SHIFT = 48,   /* the bits of the hash that are kept; the address is below */
};

typedef struct gcasti_hints {
    size_t mask;                             /* const: number of buckets, a power of two, less 1 */
    alignas(64) _Atomic(uint64_t) x_place[]; /* atomic: tag and address, or 0 */
} gcasti_hints;

/* For `entries`, a power of two and at least HINT_ENTRIES; NULL if there is no memory. Freed with
 * free(). */
gcasti_hints *gcasti_hints_new(size_t entries);

/* Sets a hint to an entry with this hash, unless it has left the table. Inside the read section in
 * which the entry was put into the table or found. Wait-free. */
void gcasti_hint_set(gcasti_hints *h, uint64_t hash, gcast_entry *e);

/* Clears the hint to an entry, if there is one. Inside the read section in which it was taken out of
 * the table. Wait-free. */
void gcasti_hint_clear(gcasti_hints *h, uint64_t hash, const gcast_entry *e);

/* The bucket for a hash, and the `i`th place to look at in it. */
static inline _Atomic(uint64_t) *gcasti_hint_bucket(gcasti_hints *h, uint64_t hash)
{
    return &h->x_place[(hash & h->mask) * HINT_WAYS];
}

static inline unsigned gcasti_hint_way(uint64_t hash, unsigned i)
{
    return ((unsigned)(hash >> HINT_FIRST_SHIFT) + i) % HINT_WAYS;
}

/* Fetches the bucket into the cache, to be written. */
static inline void gcasti_hint_prefetch(gcasti_hints *h, uint64_t hash)
{
    __builtin_prefetch((const void *)gcasti_hint_bucket(h, hash), 1);
}

/* An entry that probably has this hash, or NULL. It may be another, or have left the table. Inside
 * a read section; wait-free. */
static inline gcast_entry *gcasti_hint_find(gcasti_hints *h, uint64_t hash)
{
    _Atomic(uint64_t) *bucket = gcasti_hint_bucket(h, hash);

    for (unsigned i = 0; i < HINT_WAYS; i++) {
        uint64_t word = atomic_load_explicit(&bucket[gcasti_hint_way(hash, i)],
                                             memory_order_acquire); /* PAIRS put_into() */

        if ((word ^ hash) >> HINT_TAG_SHIFT == 0)
            return (gcast_entry *)(uintptr_t)(word & (((uint64_t)1 << HINT_TAG_SHIFT) - 1));
    }
    return NULL;
}

#endif
