/* SPDX-License-Identifier: MIT */
#include "map.h"

#include <stdlib.h>

enum {
    MAP_MIN_SLOTS = 64,
    PREFETCH_AHEAD = 32, /* slots: far enough to hide a memory access; the registry's figure */
};
#define MAP_EMPTY 0u
#define MAP_GONE  UINT64_MAX

void map_fini(map *m)
{
    free(m->slots);
    *m = (map){0};
}

/* The slot of the id, or the empty one where the search for it ended. The table is never full. */
static map_slot *probe(const map *m, uint64_t id)
{
    size_t at = item_hash(id) & m->mask;

    while (m->slots[at].id != id && m->slots[at].id != MAP_EMPTY)
        at = (at + 1) & m->mask;
    return &m->slots[at];
}

item *map_find(const map *m, uint64_t id)
{
    return m->slots != NULL ? probe(m, id)->it : NULL;
}

/* Moves all items into a table that is at most half full. */
static void rebuild(map *m)
{
    map old = *m;
    size_t slots = MAP_MIN_SLOTS;

    while (slots / 2 < m->count + 1)
        slots *= 2;
    *m = (map){.slots = calloc(slots, sizeof *m->slots),
               .mask = slots - 1,
               .used = old.count,
               .count = old.count,
               .builds = old.builds + 1};
    if (m->slots == NULL)
        abort();
    for (size_t i = 0; old.slots != NULL && i <= old.mask; i++)
        if (old.slots[i].it != NULL)
            *probe(m, old.slots[i].id) = old.slots[i];
    free(old.slots);
}

bool map_add(map *m, item *it)
{
    map_slot *slot = NULL;

    if (m->slots == NULL || m->used >= (m->mask + 1) / 4 * 3)
        rebuild(m);
    slot = probe(m, it->id);
    if (slot->id == it->id)
        return false;
    *slot = (map_slot){.id = it->id, .it = it};
    m->used++;
    m->count++;
    return true;
}

item *map_remove(map *m, uint64_t id)
{
    map_slot *slot = m->slots != NULL ? probe(m, id) : NULL;
    size_t next = 0;
    item *it = NULL;

    if (slot == NULL || slot->it == NULL)
        return NULL;
    it = slot->it;
    next = ((size_t)(slot - m->slots) + 1) & m->mask;
    if (m->slots[next].id == MAP_EMPTY) { /* no search goes on past this slot */
        *slot = (map_slot){.id = MAP_EMPTY};
        m->used--;
    } else {
        *slot = (map_slot){.id = MAP_GONE};
    }
    m->count--;
    return it;
}

static void prefetch(const map *m, size_t at)
{
    if (at <= m->mask)
        __builtin_prefetch(m->slots[at].it, 0, 2);
}

void map_walk(const map *m, walk *w)
{
    for (size_t i = 0; m->slots != NULL && i <= m->mask; i++) {
        prefetch(m, i + PREFETCH_AHEAD);
        if (m->slots[i].it != NULL)
            walk_visit(w, m->slots[i].it);
    }
}

size_t map_slice(const map *m, size_t *at, item **out, size_t cap)
{
    size_t count = 0;

    for (; m->slots != NULL && *at <= m->mask && count < cap; ++*at) {
        prefetch(m, *at + PREFETCH_AHEAD);
        if (m->slots[*at].it != NULL)
            out[count++] = m->slots[*at].it;
    }
    return count;
}
