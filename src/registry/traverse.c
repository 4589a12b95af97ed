/* SPDX-License-Identifier: MIT */
/*
 * Dense traversal: from slot 0 to the highest slot claimed when the traversal began. An entry keeps
 * its slot for life and the cursor passes each slot once; so it meets an entry at most once, and
 * exactly once if the entry was in its slot all the time.
 */
#include "registry_internal.h"

/* How many slots ahead entries are fetched into the cache: far enough to hide a memory access
 * behind the handling of the entries in between. */
enum { PREFETCH_AHEAD = 16 };

void gcast_cursor_init(gcast_cursor *c)
{
    *c = (gcast_cursor){0};
}

static void prefetch(gcasti_slot *at)
{
    /* relaxed: nothing is read through the pointer, and fetching a wrong address does no harm */
    uintptr_t word = atomic_load_explicit(at, memory_order_relaxed);

    __builtin_prefetch((const void *)word);
}

/* Takes up to `cap` entries from the rest of the chunk at which the cursor stands. */
static size_t take_run(gcast_registry *r, gcast_cursor *c, gcast_entry **out, size_t cap)
{
    uint32_t len = 0;
    gcasti_slot *run = gcasti_slots_run(&r->slots, c->at, &len);
    uint32_t i = 0;
    size_t count = 0;

    if (len > c->end - c->at)
        len = c->end - c->at;
    for (; i < len && count < cap; i++) {
        gcast_entry *e = NULL;

        if (i + PREFETCH_AHEAD < len)
            prefetch(&run[i + PREFETCH_AHEAD]);
        /* PAIRS gcasti_slot_publish_first(), gcasti_slot_publish_later() */
        e = gcasti_slot_entry(atomic_load_explicit(&run[i], memory_order_acquire));
        if (e != NULL)
            out[count++] = e;
    }
    c->at += i;
    return count;
}

size_t gcast_next_batch(gcast_registry *r, gcast_cursor *c, gcast_entry **out, size_t cap)
{
    size_t count = 0;

    assert(gcasti_in_section(r));
    if (c->end == 0)
        c->end =
            atomic_load_explicit(&r->slots.x_top, memory_order_acquire); /* PAIRS claim_fresh() */
    while (count < cap && c->at < c->end)
        count += take_run(r, c, out + count, cap - count);
    return count;
}

gcast_entry *gcast_next(gcast_registry *r, gcast_cursor *c)
{
    gcast_entry *e = NULL;

    (void)gcast_next_batch(r, c, &e, 1); /* leaves NULL at the end */
    return e;
}
