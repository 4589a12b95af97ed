/* SPDX-License-Identifier: MIT */
/*
 * mutex-sliced: what a careful programmer does about a broadcast under a lock. Under the lock it
 * takes the next 256 items and pins them with a reference each; it works on them after it has let
 * go of the lock. A removed item is freed by whoever drops its last reference.
 *
 * The traversal promises what the registry's does: an item that is there all the time is met
 * exactly once. Items stay in their slot unless the table is built anew between two slices; then
 * the walk begins again and passes over those that carry its number.
 */
#include <pthread.h>
#include <stdlib.h>

#include "map.h"
#include "subject.h"

enum { SLICE = 256 };

typedef struct sliced_map {
    pthread_mutex_t lock;
    map map;             /* lock */
    uint64_t broadcasts; /* lock */
} sliced_map;

/* In front of each item. */
typedef struct pin {
    _Atomic(uint64_t) x_refs; /* atomic: one for the map, one for each slice that has it */
    uint64_t last_broadcast;  /* lock: number of the last one that took it */
} pin;

static pin *pin_of(item *it)
{
    return (pin *)(void *)it - 1;
}

static void *sliced_create(const subject *s)
{
    sliced_map *m = calloc(1, sizeof *m);

    (void)s;
    if (m == NULL || pthread_mutex_init(&m->lock, NULL) != 0)
        abort();
    return m;
}

static void sliced_destroy(void *self)
{
    sliced_map *m = self;

    (void)pthread_mutex_destroy(&m->lock);
    map_fini(&m->map);
    free(m);
}

static bool sliced_add(void *self, item *it)
{
    sliced_map *m = self;
    bool added = false;

    atomic_init(&pin_of(it)->x_refs, 1);
    (void)pthread_mutex_lock(&m->lock);
    added = map_add(&m->map, it);
    (void)pthread_mutex_unlock(&m->lock);
    return added;
}

static void unpin(item *it)
{
    /*
     * ORDER  the holder's reads of the item -> its being freed.
     * PAIRS  itself, in the thread that drops the last reference.
     * ELSE   the item is freed under a reader.
     */
    if (atomic_fetch_sub_explicit(&pin_of(it)->x_refs, 1, memory_order_acq_rel) == 1)
        item_free(it, sizeof(pin));
}

static bool sliced_remove(void *self, item *it)
{
    sliced_map *m = self;
    item *removed = NULL;

    (void)pthread_mutex_lock(&m->lock);
    removed = map_remove(&m->map, it->id);
    (void)pthread_mutex_unlock(&m->lock);
    if (removed == NULL)
        return false;
    unpin(removed);
    return true;
}

static bool sliced_lookup(void *self, uint64_t id, uint64_t *value)
{
    sliced_map *m = self;
    const item *it = NULL;

    (void)pthread_mutex_lock(&m->lock);
    it = map_find(&m->map, id);
    if (it != NULL)
        *value = it->value;
    (void)pthread_mutex_unlock(&m->lock);
    return it != NULL;
}

/* Pins those of the items that this broadcast has not met yet and moves them together. */
static size_t pin_slice_locked(item **slice, size_t count, uint64_t broadcast)
{
    size_t pinned = 0;

    for (size_t i = 0; i < count; i++) {
        pin *p = pin_of(slice[i]);

        if (p->last_broadcast == broadcast)
            continue;
        p->last_broadcast = broadcast;
        /* relaxed: the map's own reference is held by the lock */
        atomic_fetch_add_explicit(&p->x_refs, 1, memory_order_relaxed);
        slice[pinned++] = slice[i];
    }
    return pinned;
}

/* Where a broadcast stands in the table. */
typedef struct position {
    uint64_t broadcast;
    uint64_t builds;
    size_t at;
} position;

/* The next slice, pinned; false at the end. */
static bool next_slice(sliced_map *m, position *p, item **slice, size_t *pinned)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&m->lock);
    if (p->broadcast == 0)
        p->broadcast = ++m->broadcasts;
    if (p->builds != m->map.builds) {
        p->builds = m->map.builds;
        p->at = 0;
    }
    count = map_slice(&m->map, &p->at, slice, SLICE);
    *pinned = pin_slice_locked(slice, count, p->broadcast);
    (void)pthread_mutex_unlock(&m->lock);
    return count > 0;
}

static void sliced_traverse(void *self, walk *w)
{
    position p = {0};
    item *slice[SLICE];
    size_t pinned = 0;

    while (next_slice(self, &p, slice, &pinned)) {
        for (size_t i = 0; i < pinned; i++)
            walk_visit(w, slice[i]);
        for (size_t i = 0; i < pinned; i++)
            unpin(slice[i]);
    }
}

const subject subject_mutex_sliced = {
    .name = "mutex-sliced",
    .header = sizeof(pin),
    .create = sliced_create,
    .destroy = sliced_destroy,
    .add = sliced_add,
    .remove = sliced_remove,
    .lookup = sliced_lookup,
    .traverse = sliced_traverse,
};
