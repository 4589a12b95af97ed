/* SPDX-License-Identifier: MIT */
/* A registry of small items that counts what is released. */
#ifndef TEST_REGISTRY_FIXTURE_H
#define TEST_REGISTRY_FIXTURE_H

#include <stdatomic.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include <gracecast/registry.h>

typedef struct item {
    gcast_entry entry;
    unsigned seen;
} item;

static atomic_uint released;

static inline void free_item(gcast_entry *e, void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
    free(e); /* the entry is the item's first member */
}

static inline gcast_registry *new_registry(gcast_keys keys, gcast_flavor flavor)
{
    gcast_registry *r = NULL;
    gcast_registry_opts opts = {
        .keys = keys, .flavor = flavor, .on_release = free_item, .arg = &released};

    cr_assert_eq(gcast_registry_new(&r, &opts), GCAST_OK);
    gcast_thread_enter(r);
    atomic_store(&released, 0);
    return r;
}

static inline void end_registry(gcast_registry *r)
{
    gcast_thread_leave(r);
    gcast_registry_free(r);
}

static inline item *new_item(uint64_t id)
{
    item *it = calloc(1, sizeof *it);

    cr_assert_not_null(it);
    gcast_entry_init_id(&it->entry, id);
    return it;
}

static inline item *add_item(gcast_registry *r, uint64_t id)
{
    item *it = new_item(id);

    cr_assert_eq(gcast_add(r, &it->entry), GCAST_OK);
    return it;
}

/* Waits for every release due so far. */
static inline unsigned count_released(gcast_registry *r)
{
    gcast_barrier(r);
    return atomic_load(&released);
}

static inline bool finds(gcast_registry *r, uint64_t id)
{
    bool found = false;

    gcast_read_begin(r);
    found = gcast_peek(r, id) != NULL;
    gcast_read_end(r);
    return found;
}

#endif
