/* SPDX-License-Identifier: MIT */
/*
 * Keeps the table and the hints as large as the number of entries asks for: about one bucket per
 * entry. liburcu can do that for its table by itself, but lets eight entries gather in a bucket
 * before it grows, which makes look-ups three times slower, and brings a thread of its own.
 *
 * The work is done on liburcu's call_rcu thread, where it may wait for grace periods; an add or a
 * remove only asks for it.
 */
#include "registry_internal.h"
#include "section.h"

#include <stdlib.h>

#include <urcu/arch.h>

enum {
    SHRINK_BELOW = 8, /* shrink when this many times too large: rare enough not to swing */
    FILL_SLICE = 512, /* entries between two ends of the read section while hints are filled */
};

static size_t power_of_two_above(size_t count)
{
    size_t size = SIZE_MIN;

    while (size < count)
        size *= 2;
    return size;
}

static bool is_wrong_size(gcast_registry *r)
{
    /* relaxed, all: the worst case is a request too many or one too late */
    size_t count = atomic_load_explicit(&r->x_count, memory_order_relaxed);
    size_t size = atomic_load_explicit(&r->x_size, memory_order_relaxed);

    return count > size || (size > SIZE_MIN && count < size / SHRINK_BELOW);
}

/* Gives a hint to an entry found in this read section, unless it is being taken out. */
static void give_hint(const gcast_registry *r, gcasti_hints *hints, gcast_entry *e)
{
    uint64_t hash = gcasti_hash_of(r, e);
    gcasti_hint *place = gcasti_hint_claim(hints, hash, e, HINT_BY_RESIZE);

    /*
     * ORDER  the claim -> the look at the entry's node.
     * PAIRS  the full barrier of cds_lfht_del() and cds_lfht_replace(), between taking the entry out
     *        of the table and gcasti_hint_clear().
     * ELSE   neither may see what the other did, and the hint outlives the entry.
     */
    cmm_smp_mb(); /* a fence of C11's, gcc does not take with ThreadSanitizer */
    if (gcasti_is_findable(e))
        gcasti_hint_publish(place, hash, e, HINT_BY_RESIZE);
    else
        gcasti_hint_clear(hints, hash, e);
}

/* Gives every entry a hint. Entries that come meanwhile get theirs from gcast_add(). */
static void fill_hints(gcast_registry *r, gcasti_hints *hints)
{
    gcast_entry *batch[FILL_SLICE];
    gcast_cursor cursor = {0};
    size_t got = 0;

    do {
        gcasti_section_begin(r->rcu);
        got = gcast_next_batch(r, &cursor, batch, FILL_SLICE);
        for (size_t i = 0; i < got; i++)
            give_hint(r, hints, batch[i]);
        gcasti_section_end(r->rcu);
        r->urcu->read_quiescent_state();
    } while (got > 0);
}

/* Publishes empty hints first and fills them when nobody uses the old ones any more, so that no new
 * entry's hint is lost. Without memory for it the old ones stay. */
static void resize_hints(gcast_registry *r, size_t size)
{
    gcasti_hints *fresh = gcasti_hints_new(size);
    gcasti_hints *old = NULL;

    if (fresh == NULL)
        return;
    /*
     * ORDER  the mask and the zeroes -> x_hints.
     * PAIRS  acquire in gcasti_hints_of().
     * ELSE   a look-up may use a mask that was never written.
     */
    old = atomic_exchange_explicit(&r->x_hints, fresh, memory_order_release);
    r->urcu->update_synchronize_rcu();
    gcasti_tsan_acquire(&gcasti_grace_edge);
    free(old);
    fill_hints(r, fresh);
}

static void resize(gcast_registry *r)
{
    /* relaxed, all: see is_wrong_size() */
    size_t size = power_of_two_above(atomic_load_explicit(&r->x_count, memory_order_relaxed));

    cds_lfht_resize(r->table, size);
    resize_hints(r, size);
    atomic_store_explicit(&r->x_size, size, memory_order_relaxed);
}

/* A closed registry is about to be freed. */
static bool wants_resize(gcast_registry *r)
{
    /* relaxed: see gcast_registry_close() */
    return is_wrong_size(r) && !atomic_load_explicit(&r->x_closed, memory_order_relaxed);
}

static void resize_cb(struct rcu_head *head)
{
    gcast_registry *r = caa_container_of(head, gcast_registry, resize_head);

    gcasti_tsan_acquire(&gcasti_grace_edge);
    /* Again, if so many entries came or went meanwhile that this was not enough: nobody may come
     * afterwards and ask. */
    do
        resize(r);
    while (wants_resize(r));
    gcasti_tsan_release(&gcasti_grace_edge); /* to gcast_barrier() */
    /*
     * ORDER  this callback's use of resize_head -> the next.
     * PAIRS  acquire in gcasti_fit().
     */
    atomic_store_explicit(&r->x_resizing, false, memory_order_release);
}

void gcasti_fit(gcast_registry *r)
{
    if (!wants_resize(r))
        return;
    /* relaxed: the exchange decides, this spares it while a resize is under way */
    if (atomic_load_explicit(&r->x_resizing, memory_order_relaxed))
        return;
    /* PAIRS resize_cb() */
    if (atomic_exchange_explicit(&r->x_resizing, true, memory_order_acquire))
        return;
    gcasti_tsan_release(&gcasti_grace_edge);
    r->urcu->update_call_rcu(&r->resize_head, resize_cb);
}
