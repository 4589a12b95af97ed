/* SPDX-License-Identifier: MIT */
/*
 * gracecast-memb and gracecast-qsbr: the registry, used as its header says. A broadcast goes in
 * slices of as many items as the sliced mutex takes at a time.
 */
#include <stdlib.h>

#include <gracecast/registry.h>

#include "subject.h"

enum { SLICE = 256 };

static item *item_of(gcast_entry *e)
{
    return (item *)(void *)(e + 1);
}

static gcast_entry *entry_of(item *it)
{
    return (gcast_entry *)(void *)it - 1;
}

static void on_release(gcast_entry *e, void *keep)
{
    if (!atomic_load_explicit((atomic_bool *)keep, memory_order_relaxed)) /* relaxed: set once */
        item_free(item_of(e), sizeof *e);
}

typedef struct subject_registry {
    gcast_registry *registry; /* const */
    atomic_bool x_keep;       /* atomic, relaxed: items released from now on are the caller's */
} subject_registry;

static subject_registry *create(gcast_flavor flavor)
{
    subject_registry *s = calloc(1, sizeof *s);
    gcast_registry_opts opts = {
        .keys = GCAST_KEYS_ID, .flavor = flavor, .on_release = on_release, .arg = &s->x_keep};

    if (s == NULL || gcast_registry_new(&s->registry, &opts) != GCAST_OK)
        abort();
    return s;
}

static void *create_memb(const subject *s)
{
    (void)s;
    return create(GCAST_FLAVOR_MEMB);
}

static void *create_qsbr(const subject *s)
{
    (void)s;
    return create(GCAST_FLAVOR_QSBR);
}

static gcast_registry *registry_of(void *self)
{
    return ((subject_registry *)self)->registry;
}

static void registry_settle(void *self)
{
    gcast_barrier(registry_of(self));
}

static void registry_destroy(void *self)
{
    subject_registry *s = self;

    registry_settle(s);
    atomic_store_explicit(&s->x_keep, true, memory_order_relaxed);
    gcast_registry_free(s->registry);
    free(s);
}

static void registry_enter(void *self)
{
    gcast_thread_enter(registry_of(self));
}

static void registry_leave(void *self)
{
    gcast_thread_leave(registry_of(self));
}

static void registry_pause(void *self)
{
    gcast_quiescent(registry_of(self));
}

static bool registry_add(void *self, item *it)
{
    gcast_entry_init_id(entry_of(it), it->id);
    return gcast_add(registry_of(self), entry_of(it)) == GCAST_OK;
}

static bool registry_remove(void *self, item *it)
{
    return gcast_remove(registry_of(self), entry_of(it)) == GCAST_OK;
}

static bool registry_lookup(void *self, uint64_t id, uint64_t *value)
{
    gcast_registry *r = registry_of(self);
    gcast_entry *e = NULL;

    gcast_read_begin(r);
    e = gcast_peek(r, id);
    if (e != NULL)
        *value = item_of(e)->value;
    gcast_read_end(r);
    return e != NULL;
}

static void registry_traverse(void *self, walk *w)
{
    gcast_registry *r = registry_of(self);
    gcast_entry *slice[SLICE];
    gcast_cursor cursor;
    size_t count = 0;

    gcast_cursor_init(&cursor);
    do {
        gcast_read_begin(r);
        count = gcast_next_batch(r, &cursor, slice, SLICE);
        for (size_t i = 0; i < count; i++)
            walk_visit(w, item_of(slice[i]));
        gcast_read_end(r);
        gcast_quiescent(r);
    } while (count == SLICE);
}

const subject subject_gracecast_memb = {
    .name = "gracecast-memb",
    .header = sizeof(gcast_entry),
    .create = create_memb,
    .destroy = registry_destroy,
    .enter = registry_enter,
    .leave = registry_leave,
    .settle = registry_settle,
    .add = registry_add,
    .remove = registry_remove,
    .lookup = registry_lookup,
    .traverse = registry_traverse,
};

const subject subject_gracecast_qsbr = {
    .name = "gracecast-qsbr",
    .header = sizeof(gcast_entry),
    .create = create_qsbr,
    .destroy = registry_destroy,
    .enter = registry_enter,
    .leave = registry_leave,
    .pause = registry_pause,
    .settle = registry_settle,
    .add = registry_add,
    .remove = registry_remove,
    .lookup = registry_lookup,
    .traverse = registry_traverse,
};
