/* SPDX-License-Identifier: MIT */
#include "registry_internal.h"

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

/* 0 if the address leaves no room for the tag: such an entry has no hint. */
static uint64_t word_of(uint64_t hash, const gcast_entry *e)
{
    uint64_t address = (uintptr_t)e;

    if (address >> HINT_TAG_SHIFT != 0)
        return 0;
    return hash >> HINT_TAG_SHIFT << HINT_TAG_SHIFT | address;
}

/* Puts the word into an empty place, or over the hint to another entry, which that one can do
 * without. */
static void put_into(_Atomic(uint64_t) *bucket, uint64_t hash, uint64_t word)
{
    /*
     * ORDER  the entry's fields -> the place.
     * PAIRS  acquire in gcasti_hint_find().
     * ELSE   a look-up may see the entry's address before its contents.
     */
    for (unsigned i = 0; i < HINT_WAYS; i++) {
        _Atomic(uint64_t) *place = &bucket[gcasti_hint_way(hash, i)];
        uint64_t there = atomic_load_explicit(place, memory_order_relaxed);

        if (there == 0 && atomic_compare_exchange_strong_explicit(
                              place, &there, word, memory_order_release, memory_order_relaxed))
            return;
    }
    atomic_store_explicit(&bucket[gcasti_hint_way(hash, 0)], word, memory_order_release);
}

void gcasti_hint_set(gcasti_hints *h, uint64_t hash, gcast_entry *e)
{
    uint64_t word = word_of(hash, e);

    if (word == 0)
        return;
    put_into(gcasti_hint_bucket(h, hash), hash, word);
    /*
     * ORDER  the place -> the look at the entry's node.
     * PAIRS  the full barrier of cds_lfht_del() and cds_lfht_replace(), between taking the entry out
     *        of the table and gcasti_hint_clear().
     * ELSE   neither may see what the other did, and the hint outlives the entry.
     */
    atomic_thread_fence(memory_order_seq_cst);
    if (!gcasti_is_findable(e))
        gcasti_hint_clear(h, hash, e);
}

void gcasti_hint_clear(gcasti_hints *h, uint64_t hash, const gcast_entry *e)
{
    _Atomic(uint64_t) *bucket = gcasti_hint_bucket(h, hash);
    uint64_t word = word_of(hash, e);

    /* All places: a resize may have set the hint a second time. relaxed: the grace period orders
     * this before the entry's release. */
    for (unsigned i = 0; word != 0 && i < HINT_WAYS; i++) {
        uint64_t expected = word;

        if (atomic_load_explicit(&bucket[i], memory_order_relaxed) == word)
            (void)atomic_compare_exchange_strong_explicit(
                &bucket[i], &expected, 0, memory_order_relaxed, memory_order_relaxed);
    }
}
