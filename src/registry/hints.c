/* SPDX-License-Identifier: MIT */
#include "hints.h"

#include <stdlib.h>
#include <string.h>

gcasti_hints *gcasti_hints_new(size_t entries)
{
    size_t buckets = entries / HINT_ENTRIES;
    size_t size = sizeof(gcasti_hints) + buckets * HINT_WAYS * sizeof(uint64_t);
    gcasti_hints *h = aligned_alloc(alignof(gcasti_hints), size);

    if (h == NULL)
        return NULL;
    memset(h, 0, size);
    h->mask = buckets - 1;
    return h;
}

/* The hint as it is published; 0 if the address leaves no room for the tag. */
static uint64_t word_of(uint64_t hash, const gcast_entry *e)
{
    uint64_t address = (uintptr_t)e;

    return (address & HINT_TAG) == 0 ? (hash & HINT_TAG) | address : 0;
}

gcasti_hint *gcasti_hint_claim(gcasti_hints *h, uint64_t hash, const gcast_entry *e,
                               gcasti_hint_mark mark)
{
    gcasti_hint *bucket = gcasti_hint_bucket(h, hash);
    uint64_t word = word_of(hash, e);
    gcasti_hint *place = NULL;

    if (word == 0)
        return NULL;
    /* relaxed, all: the full barrier of the insertion comes after it */
    for (unsigned i = 0; i < HINT_WAYS; i++) {
        uint64_t there = 0;

        place = &bucket[gcasti_hint_way(hash, i)];
        if (atomic_load_explicit(place, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_strong_explicit(place, &there, word | mark,
                                                    memory_order_relaxed, memory_order_relaxed))
            return place;
    }
    /* Over the hint to another entry, which that one can do without. */
    place = &bucket[gcasti_hint_way(hash, 0)];
    atomic_store_explicit(place, word | mark, memory_order_relaxed);
    return place;
}

void gcasti_hint_publish(gcasti_hint *place, uint64_t hash, const gcast_entry *e,
                         gcasti_hint_mark mark)
{
    uint64_t word = word_of(hash, e);
    uint64_t claimed = word | mark;

    if (place == NULL)
        return;
    /*
     * ORDER  the entry's fields -> the place.
     * PAIRS  acquire in gcasti_hint_find().
     * ELSE   a look-up may see the entry's address before its contents.
     * Failing is right, and relaxed: the entry has been taken out, or another has the place.
     */
    (void)atomic_compare_exchange_strong_explicit(place, &claimed, word, memory_order_release,
                                                  memory_order_relaxed);
}

void gcasti_hint_clear(gcasti_hints *h, uint64_t hash, const gcast_entry *e)
{
    gcasti_hint *bucket = gcasti_hint_bucket(h, hash);
    uint64_t word = word_of(hash, e);

    /* All places: a resize may have set the hint a second time. relaxed: the grace period orders
     * this before the entry's release. The inner loop is for a publication just now. */
    for (unsigned i = 0; word != 0 && i < HINT_WAYS; i++) {
        uint64_t there = atomic_load_explicit(&bucket[i], memory_order_relaxed);

        while ((there & ~(uint64_t)HINT_MARKS) == word &&
               !atomic_compare_exchange_weak_explicit(&bucket[i], &there, 0, memory_order_relaxed,
                                                      memory_order_relaxed))
            ;
    }
}
