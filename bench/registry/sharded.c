/* SPDX-License-Identifier: MIT */
/*
 * sharded-mutex: 64 maps, each under a lock of its own, chosen by the hash of the id. A broadcast
 * locks one after the other.
 */
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>

#include "map.h"
#include "subject.h"

enum { SHARD_BITS = 6, SHARDS = 1 << SHARD_BITS };

typedef struct shard {
    alignas(128) pthread_mutex_t lock; /* pairs of cache lines are fetched together */
    map map;                           /* lock */
} shard;

/* The upper bits: the map takes the lower ones. */
static shard *shard_of(void *self, uint64_t id)
{
    return (shard *)self + (item_hash(id) >> (64 - SHARD_BITS));
}

static void *sharded_create(const subject *s)
{
    shard *shards = aligned_alloc(alignof(shard), SHARDS * sizeof *shards);

    (void)s;
    if (shards == NULL)
        abort();
    for (int i = 0; i < SHARDS; i++) {
        shards[i].map = (map){0};
        if (pthread_mutex_init(&shards[i].lock, NULL) != 0)
            abort();
    }
    return shards;
}

static void sharded_destroy(void *self)
{
    shard *shards = self;

    for (int i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_destroy(&shards[i].lock);
        map_fini(&shards[i].map);
    }
    free(shards);
}

static bool sharded_add(void *self, item *it)
{
    shard *s = shard_of(self, it->id);
    bool added = false;

    (void)pthread_mutex_lock(&s->lock);
    added = map_add(&s->map, it);
    (void)pthread_mutex_unlock(&s->lock);
    return added;
}

static bool sharded_remove(void *self, item *it)
{
    shard *s = shard_of(self, it->id);
    item *removed = NULL;

    (void)pthread_mutex_lock(&s->lock);
    removed = map_remove(&s->map, it->id);
    (void)pthread_mutex_unlock(&s->lock);
    item_free(removed, 0);
    return removed != NULL;
}

static bool sharded_lookup(void *self, uint64_t id, uint64_t *value)
{
    shard *s = shard_of(self, id);
    const item *it = NULL;

    (void)pthread_mutex_lock(&s->lock);
    it = map_find(&s->map, id);
    if (it != NULL)
        *value = it->value;
    (void)pthread_mutex_unlock(&s->lock);
    return it != NULL;
}

static void sharded_traverse(void *self, walk *w)
{
    shard *shards = self;

    for (int i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_lock(&shards[i].lock);
        map_walk(&shards[i].map, w);
        (void)pthread_mutex_unlock(&shards[i].lock);
    }
}

const subject subject_sharded_mutex = {
    .name = "sharded-mutex",
    .create = sharded_create,
    .destroy = sharded_destroy,
    .add = sharded_add,
    .remove = sharded_remove,
    .lookup = sharded_lookup,
    .traverse = sharded_traverse,
};
