/* SPDX-License-Identifier: MIT */
/*
 * A short cut for look-ups: at the place that a key's hash says, the number of the slot in which
 * its entry probably is. A hint may be missing, stale or about another key; the finder checks what
 * it finds in the slot and goes to the hash table if that is not it. So hints are plain numbers,
 * written without care, and removing an entry does not touch them.
 *
 * Why it pays: following a chain of the table is a row of cache misses, each known only after the
 * one before and each with a branch to mispredict. With a hint the processor overlaps several
 * look-ups.
 */
#ifndef REGISTRY_HINTS_H
#define REGISTRY_HINTS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "slots.h"

/* Places per entry. With 4, nine look-ups of ten find their hint not overwritten by another key. */
enum { HINTS_PER_ENTRY = 4 };

typedef struct gcasti_hints {
    size_t mask;                 /* const: number of places, a power of two, less 1 */
    _Atomic(uint32_t) x_place[]; /* atomic, relaxed: a slot's number plus 1, or 0 */
} gcasti_hints;

/* For `entries`, a power of two; NULL if there is no memory. Freed with free(). */
gcasti_hints *gcasti_hints_new(size_t entries);

static inline void gcasti_hint_set(gcasti_hints *h, uint64_t hash, uint32_t slot)
{
    /* relaxed: a hint is checked before it is believed */
    atomic_store_explicit(&h->x_place[hash & h->mask], slot + 1, memory_order_relaxed);
}

/* The slot to try, or SLOT_NONE. */
static inline uint32_t gcasti_hint(const gcasti_hints *h, uint64_t hash)
{
    uint32_t place = atomic_load_explicit(&h->x_place[hash & h->mask], memory_order_relaxed);

    return place != 0 ? place - 1 : SLOT_NONE;
}

#endif
