/* SPDX-License-Identifier: MIT */
/*
 * mutex and rwlock: one map under one lock, which a broadcast holds from its first item to its
 * last.
 *
 * The rwlock lets waiting writers go first. With glibc's default, which prefers readers, a thread
 * that registers may wait for ever while look-ups and broadcasts overlap.
 */
#include <pthread.h>
#include <stdlib.h>

#include "map.h"
#include "subject.h"

typedef struct mutex_map {
    pthread_mutex_t lock;
    map map; /* lock */
} mutex_map;

typedef struct rwlock_map {
    pthread_rwlock_t lock;
    map map; /* lock */
} rwlock_map;

/* What both do once they have the lock. */

static bool read_value(const map *m, uint64_t id, uint64_t *value)
{
    const item *it = map_find(m, id);

    if (it == NULL)
        return false;
    *value = it->value;
    return true;
}

/* ---- mutex ----------------------------------------------------------------------------------- */

static void *mutex_create(const subject *s)
{
    mutex_map *m = calloc(1, sizeof *m);

    (void)s;
    if (m == NULL || pthread_mutex_init(&m->lock, NULL) != 0)
        abort();
    return m;
}

static void mutex_destroy(void *self)
{
    mutex_map *m = self;

    (void)pthread_mutex_destroy(&m->lock);
    map_fini(&m->map);
    free(m);
}

static bool mutex_add(void *self, item *it)
{
    mutex_map *m = self;
    bool added = false;

    (void)pthread_mutex_lock(&m->lock);
    added = map_add(&m->map, it);
    (void)pthread_mutex_unlock(&m->lock);
    return added;
}

static bool mutex_remove(void *self, item *it)
{
    mutex_map *m = self;
    item *removed = NULL;

    (void)pthread_mutex_lock(&m->lock);
    removed = map_remove(&m->map, it->id);
    (void)pthread_mutex_unlock(&m->lock);
    item_free(removed, 0);
    return removed != NULL;
}

static bool mutex_lookup(void *self, uint64_t id, uint64_t *value)
{
    mutex_map *m = self;
    bool found = false;

    (void)pthread_mutex_lock(&m->lock);
    found = read_value(&m->map, id, value);
    (void)pthread_mutex_unlock(&m->lock);
    return found;
}

static bool unlocked_lookup(void *self, uint64_t id, uint64_t *value)
{
    return read_value(&((mutex_map *)self)->map, id, value);
}

static void mutex_traverse(void *self, walk *w)
{
    mutex_map *m = self;

    (void)pthread_mutex_lock(&m->lock);
    map_walk(&m->map, w);
    (void)pthread_mutex_unlock(&m->lock);
}

const subject subject_mutex = {
    .name = "mutex",
    .create = mutex_create,
    .destroy = mutex_destroy,
    .add = mutex_add,
    .remove = mutex_remove,
    .lookup = mutex_lookup,
    .lookup_unlocked = unlocked_lookup,
    .traverse = mutex_traverse,
};

/* ---- rwlock ---------------------------------------------------------------------------------- */

static void *rwlock_create(const subject *s)
{
    rwlock_map *m = calloc(1, sizeof *m);
    pthread_rwlockattr_t attr;

    (void)s;
    if (m == NULL || pthread_rwlockattr_init(&attr) != 0)
        abort();
    (void)pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    if (pthread_rwlock_init(&m->lock, &attr) != 0)
        abort();
    (void)pthread_rwlockattr_destroy(&attr);
    return m;
}

static void rwlock_destroy(void *self)
{
    rwlock_map *m = self;

    (void)pthread_rwlock_destroy(&m->lock);
    map_fini(&m->map);
    free(m);
}

static bool rwlock_add(void *self, item *it)
{
    rwlock_map *m = self;
    bool added = false;

    (void)pthread_rwlock_wrlock(&m->lock);
    added = map_add(&m->map, it);
    (void)pthread_rwlock_unlock(&m->lock);
    return added;
}

static bool rwlock_remove(void *self, item *it)
{
    rwlock_map *m = self;
    item *removed = NULL;

    (void)pthread_rwlock_wrlock(&m->lock);
    removed = map_remove(&m->map, it->id);
    (void)pthread_rwlock_unlock(&m->lock);
    item_free(removed, 0);
    return removed != NULL;
}

static bool rwlock_lookup(void *self, uint64_t id, uint64_t *value)
{
    rwlock_map *m = self;
    bool found = false;

    (void)pthread_rwlock_rdlock(&m->lock);
    found = read_value(&m->map, id, value);
    (void)pthread_rwlock_unlock(&m->lock);
    return found;
}

static void rwlock_traverse(void *self, walk *w)
{
    rwlock_map *m = self;

    (void)pthread_rwlock_rdlock(&m->lock);
    map_walk(&m->map, w);
    (void)pthread_rwlock_unlock(&m->lock);
}

const subject subject_rwlock = {
    .name = "rwlock",
    .create = rwlock_create,
    .destroy = rwlock_destroy,
    .add = rwlock_add,
    .remove = rwlock_remove,
    .lookup = rwlock_lookup,
    .traverse = rwlock_traverse,
};
