/* SPDX-License-Identifier: MIT */
/*
 * What all subjects hold: items of the size of a small connection object, each behind the header
 * that its subject needs (a reference count, a table node, a gcast_entry), in memory of its own.
 */
#ifndef BENCH_ITEM_H
#define BENCH_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct item {
    uint64_t id;    /* const; neither 0 nor UINT64_MAX */
    uint64_t value; /* const: item_value_of(id); what look-ups and broadcasts read */
    char body[112];
} item;

/* An item of its own number behind `header` zeroed bytes. Ends the process without memory. */
item *item_new(size_t header, uint64_t id);
void item_free(item *it, size_t header);

/* So that a look-up that found the wrong item is noticed. */
static inline uint64_t item_value_of(uint64_t id)
{
    return id * 3 + 1;
}

/* The hash of all subjects but the registry, which has its own: every bit of the id changes about
 * half of the result (constants of Stafford's "Mix13", 2011). */
static inline uint64_t item_hash(uint64_t id)
{
    uint64_t x = (id ^ (id >> 30)) * 0xbf58476d1ce4e5b9u;

    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* One broadcast under way. */
typedef struct walk {
    unsigned spins; /* work for each item: item_spins_of(), or 0 */
    size_t count;   /* items met so far */
} walk;

/* A loop that the compiler can neither shorten nor drop. */
static inline void item_spin(uint64_t value, unsigned spins)
{
    __asm__ volatile("" : "+r"(value));
    for (unsigned i = 0; i < spins; i++)
        __asm__ volatile("" : "+r"(value));
}

/* Reads the item and works on it, as a broadcast does for each recipient. */
static inline void walk_visit(walk *w, const item *it)
{
    item_spin(it->value, w->spins);
    w->count++;
}

/* How many spins take `ns` nanoseconds on this machine; measured. */
unsigned item_spins_of(unsigned ns);

#endif
