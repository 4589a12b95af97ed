/* SPDX-License-Identifier: MIT */
#include "slots.h"

#include <stdlib.h>

static uintptr_t link_to(uint32_t slot)
{
    return ((uintptr_t)slot << 1) | SLOT_EMPTY;
}

void gcasti_slots_init(gcasti_slots *s)
{
    for (int i = 0; i < SLOT_CHUNKS; i++)
        atomic_init(&s->x_chunk[i], NULL);
    atomic_init(&s->x_free, SLOT_NONE);
    atomic_init(&s->x_top, 0);
}

void gcasti_slots_fini(gcasti_slots *s)
{
    for (int i = 0; i < SLOT_CHUNKS; i++)
        free(atomic_load_explicit(&s->x_chunk[i], memory_order_relaxed));
}

/* Makes sure that the chunk of `slot` is there. */
static bool ensure_chunk(gcasti_slots *s, uint32_t slot)
{
    gcasti_place p = gcasti_place_of(slot);
    gcasti_slot *there = atomic_load_explicit(&s->x_chunk[p.chunk], memory_order_acquire);
    gcasti_slot *fresh = NULL;

    if (there != NULL)
        return true;
    fresh = calloc(p.chunk_len, sizeof *fresh);
    if (fresh == NULL)
        return false;
    /*
     * ORDER  the chunk's zeroes -> x_chunk.
     * PAIRS  acquire in gcasti_slot_at(), ensure_chunk(), gcasti_slots_run().
     * ELSE   a reader may take what the memory held before for the address of an entry.
     */
    if (!atomic_compare_exchange_strong_explicit(&s->x_chunk[p.chunk], &there, fresh,
                                                 memory_order_release, memory_order_acquire))
        free(fresh); /* another thread was first */
    return true;
}

static uint32_t pop_free(gcasti_slots *s)
{
    uint64_t head = atomic_load_explicit(&s->x_free, memory_order_acquire);

    while ((uint32_t)head != SLOT_NONE) {
        /* If another thread pops this slot meanwhile, the word read here is no link and `next` is
         * nonsense; the count of pops has changed then and the exchange fails. */
        uintptr_t word =
            atomic_load_explicit(gcasti_slot_at(s, (uint32_t)head), memory_order_relaxed);
        uint64_t next = (((head >> 32) + 1) << 32) | (uint32_t)(word >> 1);

        /* PAIRS gcasti_slot_free(), both as it succeeds and for the next attempt */
        if (atomic_compare_exchange_weak_explicit(&s->x_free, &head, next, memory_order_acquire,
                                                  memory_order_acquire))
            return (uint32_t)head;
    }
    return SLOT_NONE;
}

static uint32_t claim_fresh(gcasti_slots *s)
{
    uint32_t top = atomic_load_explicit(&s->x_top, memory_order_relaxed);

    do {
        if (top == SLOT_LIMIT || !ensure_chunk(s, top))
            return SLOT_NONE;
        /*
         * ORDER  x_chunk -> x_top.
         * PAIRS  acquire of x_top in enter_chunk().
         * ELSE   a traversal may look for the slot in a chunk that it does not see yet.
         */
    } while (!atomic_compare_exchange_weak_explicit(&s->x_top, &top, top + 1, memory_order_release,
                                                    memory_order_relaxed));
    return top;
}

static uintptr_t claimed_for(const gcast_entry *e)
{
    return (uintptr_t)e | SLOT_CLAIMED;
}

uint32_t gcasti_slot_claim(gcasti_slots *s, const gcast_entry *e)
{
    uint32_t slot = pop_free(s);

    if (slot == SLOT_NONE)
        slot = claim_fresh(s);
    /* relaxed: no other thread publishes here before the table has shown it the entry */
    if (slot != SLOT_NONE)
        atomic_store_explicit(gcasti_slot_at(s, slot), claimed_for(e), memory_order_relaxed);
    return slot;
}

void gcasti_slot_free(gcasti_slots *s, uint32_t slot)
{
    gcasti_slot *word = gcasti_slot_at(s, slot);
    uint64_t head = atomic_load_explicit(&s->x_free, memory_order_relaxed);
    uint64_t next = 0;

    do {
        atomic_store_explicit(word, link_to((uint32_t)head), memory_order_relaxed);
        next = (head >> 32 << 32) | slot;
        /*
         * ORDER  the link in the slot -> x_free.
         * PAIRS  acquire in pop_free().
         * ELSE   the popper may follow a link that was never written.
         */
    } while (!atomic_compare_exchange_weak_explicit(&s->x_free, &head, next, memory_order_release,
                                                    memory_order_relaxed));
}

void gcasti_slot_clear(gcasti_slots *s, uint32_t slot)
{
    /* relaxed: what must come after it, the entry's release, is ordered by the reference count and
     * the grace period. */
    atomic_store_explicit(gcasti_slot_at(s, slot), link_to(SLOT_NONE), memory_order_relaxed);
}

void gcasti_slot_publish_first(gcasti_slots *s, uint32_t slot, gcast_entry *e)
{
    uintptr_t word = claimed_for(e);

    /*
     * ORDER  the entry's fields -> the slot.
     * PAIRS  acquire in step() and gcasti_slot_publish_later().
     * ELSE   a traversal may see the entry's address before its contents.
     * Failing is right, and relaxed: the entry has been replaced or removed already.
     */
    (void)atomic_compare_exchange_strong_explicit(gcasti_slot_at(s, slot), &word, (uintptr_t)e,
                                                  memory_order_release, memory_order_relaxed);
}

/* Whether `e`, which replaced an entry in this slot, comes after what the slot holds. An entry in
 * it may be looked at: it is retired only after it has left the slot, so not before our section
 * began. Turns may wrap around. */
static bool comes_after(const gcast_entry *e, uintptr_t word)
{
    const gcast_entry *there = gcasti_slot_entry(word);

    if (there == NULL)
        return (word & SLOT_TAG) == SLOT_CLAIMED;
    return (int32_t)(e->turn - there->turn) > 0;
}

void gcasti_slot_publish_later(gcasti_slots *s, uint32_t slot, gcast_entry *e)
{
    gcasti_slot *at = gcasti_slot_at(s, slot);
    uintptr_t word = atomic_load_explicit(at, memory_order_acquire);

    /* ORDER, PAIRS, ELSE as in gcasti_slot_publish_first() */
    while (comes_after(e, word))
        if (atomic_compare_exchange_weak_explicit(at, &word, (uintptr_t)e, memory_order_release,
                                                  memory_order_acquire))
            return;
}

gcasti_slot *gcasti_slots_run(gcasti_slots *s, uint32_t from, uint32_t *len)
{
    gcasti_place p = gcasti_place_of(from);

    *len = p.chunk_len - p.offset;
    return gcasti_slot_at(s, from);
}
