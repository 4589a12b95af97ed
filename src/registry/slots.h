/* SPDX-License-Identifier: MIT */
/*
 * The dense side of a registry: an array of slots, each holding the address of one entry, so that a
 * traversal reads memory in order instead of following a chain.
 *
 * A slot is one word in one of three states:
 *     0      claimed by an add that has not published its entry yet
 *     even   the address of an entry
 *     odd    empty: cleared by a remove, or on the free stack and then naming the next free slot
 * and goes   claimed -> entry (-> entry of the same key, by replace) -> cleared -> free -> claimed.
 * "claimed -> cleared" happens too, when an entry is removed before its add is done.
 *
 * From cleared to free it waits for a grace period (the registry gives it back when the removed
 * entry is released). So whoever still has a publication to make into the slot, being inside a read
 * section, makes it into the cleared slot, where it does nothing, and never into somebody else's.
 *
 * The array is a directory of chunks, each twice as long as the one before. A chunk never moves and
 * lives as long as the registry, so slot words may be read at any time.
 */
#ifndef REGISTRY_SLOTS_H
#define REGISTRY_SLOTS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gracecast/registry.h>

enum {
    SLOT_CHUNK0_BITS = 6, /* slots in the first chunk: 64, which is 512 bytes */
    SLOT_CHUNKS = 25,
};
#define SLOT_LIMIT 0x7fffffc0u /* slots that all chunks have together */
#define SLOT_NONE  0x7fffffffu /* no slot */

typedef _Atomic(uintptr_t) gcasti_slot;

typedef struct gcasti_slots {
    _Atomic(gcasti_slot *) x_chunk[SLOT_CHUNKS]; /* atomic: set once, from NULL */
    /* The free stack (Treiber 1986): low half the topmost free slot or SLOT_NONE, high half a count
     * of pops, without which a slot popped and pushed back in the middle of another thread's pop
     * would go unnoticed (ABA). */
    alignas(64) _Atomic(uint64_t) x_free; /* atomic */
    _Atomic(uint32_t) x_top;              /* atomic: slots ever claimed, only grows */
} gcasti_slots;

void gcasti_slots_init(gcasti_slots *s);
void gcasti_slots_fini(gcasti_slots *s);

/* Takes a free slot, or the next one never used; SLOT_NONE if there is no memory for it. Lock-free,
 * O(1). The slot is the caller's alone until an entry naming it can be found. */
uint32_t gcasti_slot_claim(gcasti_slots *s);

/* Gives a slot back: one that was cleared a grace period ago, or a claimed one no entry found in
 * the table has named. Lock-free, O(1). */
void gcasti_slot_free(gcasti_slots *s, uint32_t slot);

/* Puts `e` into the slot unless a later entry of the same key is there already or the slot was
 * cleared. Inside the read section in which `e` was put into the table. */
void gcasti_slot_publish(gcasti_slots *s, uint32_t slot, gcast_entry *e);

/* Empties the slot for good; the caller has just removed its last entry from the table. */
void gcasti_slot_clear(gcasti_slots *s, uint32_t slot);

/* The slots from number `from` to the end of its chunk, and how many these are. `from` is less than
 * a top read before. */
gcasti_slot *gcasti_slots_run(gcasti_slots *s, uint32_t from, uint32_t *len);

/* The entry in a slot word, or NULL. */
static inline gcast_entry *gcasti_slot_entry(uintptr_t word)
{
    return (word & 1) != 0 ? NULL : (gcast_entry *)word;
}

#endif
