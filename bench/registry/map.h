/* SPDX-License-Identifier: MIT */
/*
 * The hash map of all baselines: open addressing, linear probing, keys in the table, so that a
 * look-up costs one cache miss in the table and one for the item. Grows by itself. No locking: that
 * is what the subjects differ in. Items stay the caller's.
 *
 * An item does not change its place but when the table is built anew, which `builds` counts.
 */
#ifndef BENCH_MAP_H
#define BENCH_MAP_H

#include "item.h"

typedef struct map_slot {
    uint64_t id; /* or MAP_EMPTY, MAP_GONE */
    item *it;
} map_slot;

typedef struct map {
    map_slot *slots;
    size_t mask;  /* slots - 1; a power of two */
    size_t used;  /* slots not empty: items and those gone */
    size_t count; /* items */
    uint64_t builds;
} map;

/* A zeroed map is empty and ready. */
void map_fini(map *m);

/* The item with this id, or NULL. */
item *map_find(const map *m, uint64_t id);

/* False if the id is there already. Ends the process without memory. */
bool map_add(map *m, item *it);

/* The item that was taken out, or NULL. */
item *map_remove(map *m, uint64_t id);

/* Visits all items. */
void map_walk(const map *m, walk *w);

/* Up to `cap` items from slot *at on, which is moved past them; 0 at the end. */
size_t map_slice(const map *m, size_t *at, item **out, size_t cap);

#endif
