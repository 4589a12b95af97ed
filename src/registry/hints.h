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
 * A hint is an address that nobody counts: none may be found any more when the entry's grace period
 * begins, not for a moment. Two precautions see to it.
 *   Whoever takes an entry out of the table clears its hint afterwards, in the same read section.
 *   Whoever sets a hint claims the place first, so that the one above finds it, and publishes it
 *   later, which does nothing if it was cleared. In between he must know the entry to be in the
 *   table: because only then he inserts it, or because he looks, after the claim.
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
    HINT_MARKS = 3,        /* the bits of the address that say: claimed, not to be followed yet */
};
#define HINT_TAG (UINT64_MAX << HINT_TAG_SHIFT)

/* Who claims. Told apart because both may claim one place for one entry, the one after the other's
 * claim was cleared, and neither may publish what the other has claimed. */
typedef enum gcasti_hint_mark {
    HINT_BY_OWNER = 1, /* the thread that inserts the entry */
    HINT_BY_RESIZE = 2,
} gcasti_hint_mark;

/* Tag, address and mark, or 0. */
typedef _Atomic(uint64_t) gcasti_hint;

typedef struct gcasti_hints {
    size_t mask;                       /* const: number of buckets, a power of two, less 1 */
    alignas(64) gcasti_hint x_place[]; /* atomic */
} gcasti_hints;

/* For `entries`, a power of two and at least HINT_ENTRIES; NULL if there is no memory. Freed with
 * free(). */
gcasti_hints *gcasti_hints_new(size_t entries);

/* Claims a place for the hint to an entry with this hash; NULL if it cannot have one. Inside the
 * read section in which the entry is then inserted, or was found. Wait-free. */
gcasti_hint *gcasti_hint_claim(gcasti_hints *h, uint64_t hash, const gcast_entry *e,
                               gcasti_hint_mark mark);

/* Publishes the hint in a claimed place, unless it was cleared; `place` may be NULL. Inside the read
 * section of the claim, the entry being in the table or having been since the claim. Wait-free. */
void gcasti_hint_publish(gcasti_hint *place, uint64_t hash, const gcast_entry *e,
                         gcasti_hint_mark mark);

/* Clears the hint to an entry, claimed or published, if there is one. Inside the read section in
 * which it was taken out of the table, or could not be inserted. Wait-free. */
void gcasti_hint_clear(gcasti_hints *h, uint64_t hash, const gcast_entry *e);

/* The bucket for a hash, and the `i`th place to look at in it. */
static inline gcasti_hint *gcasti_hint_bucket(gcasti_hints *h, uint64_t hash)
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
    gcasti_hint *bucket = gcasti_hint_bucket(h, hash);

    for (unsigned i = 0; i < HINT_WAYS; i++) {
        uint64_t word =
            atomic_load_explicit(&bucket[gcasti_hint_way(hash, i)],
                                 memory_order_acquire); /* PAIRS gcasti_hint_publish() */

        if ((word & (HINT_TAG | HINT_MARKS)) == (hash & HINT_TAG))
            return (gcast_entry *)(uintptr_t)(word & ~HINT_TAG);
    }
    return NULL;
}

#endif
