/* SPDX-License-Identifier: MIT */
/*
 * The dense side of a registry: an array of slots, each holding the address of one entry, so that a
 * traversal reads memory in order instead of following a chain.
 *
 * A slot is one word, whose two low bits tell what it is:
 *     empty    odd: on the free stack, naming the next free slot, or cleared; 0: never used
 *     claimed  2: the address of an entry that is being added and may not be visited yet
 *     taken    0: the address of an entry
 * and goes    empty -> claimed -> taken (-> taken by the entry that replaces it) -> empty.
 * "claimed -> empty" happens too: when an add fails, and when an entry is removed between its
 * insertion into the table and its publication here.
 *
 * Whoever puts an entry into the table owes the slot a publication, and others may be faster: the
 * entry may be replaced or removed, and the slot be used for something else, before the publication
 * comes. It must then do nothing:
 *   first of a slot    expects the claimed word with its own address, which cannot come back while
 *                      the publisher's read section holds up the entry's release;
 *   later in a slot    (by replace) yields to later ones and to a cleared slot. A slot that has
 * seen a replacement is given back only a grace period after it was cleared, so all that is in it
 * is older or newer entries of the same key.
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

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): x_free has a cache line of its own */
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

/* Claims a free slot, or the next one never used, for `e`; SLOT_NONE if there is no memory for it.
 * Lock-free, O(1). */
uint32_t gcasti_slot_claim(gcasti_slots *s, const gcast_entry *e);

/* Empties a slot and gives it back: one that saw no replacement, or was cleared a grace period ago.
 * Lock-free, O(1). */
void gcasti_slot_free(gcasti_slots *s, uint32_t slot);

/* Empties a slot but keeps it from being claimed. */
void gcasti_slot_clear(gcasti_slots *s, uint32_t slot);

/* Publishes the entry that claimed the slot, or one that replaced another in it; see above. Inside
 * the read section in which it was put into the table. */
void gcasti_slot_publish_first(gcasti_slots *s, uint32_t slot, gcast_entry *e);
void gcasti_slot_publish_later(gcasti_slots *s, uint32_t slot, gcast_entry *e);

/* The slots from number `from` to the end of its chunk, and how many these are. `from` is less than
 * a top read before. */
gcasti_slot *gcasti_slots_run(gcasti_slots *s, uint32_t from, uint32_t *len);

enum {
    SLOT_EMPTY = 1, /* this bit alone tells; the other one is part of the number then */
    SLOT_CLAIMED = 2,
    SLOT_TAG = 3,
};

/* The entry that a slot word shows to a traversal, or NULL. */
static inline gcast_entry *gcasti_slot_entry(uintptr_t word)
{
    return (word & SLOT_TAG) == 0 ? (gcast_entry *)word : NULL;
}

/* Where a slot is: chunk c begins with slot (64 << c) - 64 and has 64 << c slots. */
typedef struct gcasti_place {
    unsigned chunk;
    uint32_t offset;
    uint32_t chunk_len;
} gcasti_place;

static inline gcasti_place gcasti_place_of(uint32_t slot)
{
    uint32_t shifted = slot + (1u << SLOT_CHUNK0_BITS);
    unsigned top_bit = 31u - (unsigned)__builtin_clz(shifted);

    return (gcasti_place){
        .chunk = top_bit - SLOT_CHUNK0_BITS,
        .offset = shifted - (1u << top_bit),
        .chunk_len = 1u << top_bit,
    };
}

static inline gcasti_slot *gcasti_slot_at(gcasti_slots *s, uint32_t slot)
{
    gcasti_place p = gcasti_place_of(slot);
    /* PAIRS ensure_chunk() */
    gcasti_slot *chunk = atomic_load_explicit(&s->x_chunk[p.chunk], memory_order_acquire);

    return &chunk[p.offset];
}

#endif
