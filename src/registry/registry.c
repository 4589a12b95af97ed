/* SPDX-License-Identifier: MIT */
/*
 * The life of a registry, its threads and read sections. The entries' side is entry.c.
 */
#include "registry_internal.h"
#include "section.h"

#include <stdlib.h>
#include <string.h>

static const gcasti_rcu *rcu_of(gcast_flavor flavor)
{
    return flavor == GCAST_FLAVOR_QSBR ? &gcasti_rcu_qsbr : &gcasti_rcu_memb;
}

static struct cds_lfht *new_table(const gcasti_rcu *rcu)
{
    struct cds_lfht *table = NULL;
    sigset_t saved;

    gcasti_signals_block(&saved);
    rcu->start_worker();
    table = cds_lfht_new_flavor(SIZE_MIN, SIZE_MIN, 0, 0, rcu->urcu, NULL);
    gcasti_signals_restore(&saved);
    return table;
}

static gcast_err init(gcast_registry *r, const gcast_registry_opts *opts)
{
    gcasti_hints *hints = NULL;

    r->rcu = rcu_of(opts->flavor);
    r->urcu = r->rcu->urcu;
    r->opts = *opts;
    gcasti_slots_init(&r->slots);
    if (!gcasti_seed_init(&r->seed))
        return GCAST_ESEED;
    hints = gcasti_hints_new(SIZE_MIN);
    if (hints == NULL)
        return GCAST_ENOMEM;
    r->table = new_table(r->rcu);
    if (r->table == NULL) {
        free(hints);
        return GCAST_ENOMEM;
    }
    atomic_init(&r->x_hints, hints);
    atomic_init(&r->x_size, SIZE_MIN);
    return GCAST_OK;
}

gcast_err gcast_registry_new(gcast_registry **out, const gcast_registry_opts *opts)
{
    gcast_registry *r = aligned_alloc(alignof(gcast_registry), sizeof *r);
    gcast_err err = GCAST_OK;

    assert(opts->on_release != NULL);
    if (r == NULL)
        return GCAST_ENOMEM;
    memset(r, 0, sizeof *r);
    err = init(r, opts);
    if (err != GCAST_OK) {
        free(r);
        return err;
    }
    *out = r;
    return GCAST_OK;
}

void gcast_registry_close(gcast_registry *r)
{
    /* relaxed: orders nothing by itself; the barrier that the caller owes afterwards waits for
     * every add that still saw false, because an add looks and inserts in one read section. */
    atomic_store_explicit(&r->x_closed, true, memory_order_relaxed);
}

/* Removes and releases what is left; nobody else uses the registry any more. */
static void remove_all(gcast_registry *r)
{
    gcast_cursor cursor;
    gcast_entry *e = NULL;

    gcast_thread_enter(r);
    gcast_read_begin(r);
    gcast_cursor_init(&cursor);
    while ((e = gcast_next(r, &cursor)) != NULL)
        (void)gcast_remove(r, e); /* no rival: it cannot fail */
    gcast_read_end(r);
    gcast_thread_leave(r);
}

void gcast_registry_free(gcast_registry *r)
{
    if (r == NULL)
        return;
    gcast_registry_close(r);
    gcast_barrier(r);
    if (gcast_count(r) > 0) {
        remove_all(r);
        gcast_barrier(r);
    }
    if (cds_lfht_destroy(r->table, NULL) != 0)
        abort(); /* not empty, or called inside a read section: going on would free what readers use
                  */
    gcasti_slots_fini(&r->slots);
    free(
        atomic_load_explicit(&r->x_hints, memory_order_relaxed)); /* relaxed: nobody else is left */
    free(r);
}

void gcast_barrier(gcast_registry *r)
{
    assert(r->opts.flavor == GCAST_FLAVOR_QSBR ||
           !gcasti_in_section(r)); /* it would wait for itself */
    /* The barrier waits for callbacks; that a grace period passes with it is said here, not guessed
     * from how liburcu does it. */
    r->urcu->update_synchronize_rcu();
    r->urcu->barrier();
    gcasti_tsan_acquire(&gcasti_grace_edge);
}

static void run_deferred(struct rcu_head *head)
{
    gcast_deferred *d = (gcast_deferred *)(void *)head; /* its first member */

    gcasti_tsan_acquire(&gcasti_grace_edge);
    d->run(d);
}

void gcast_defer(gcast_registry *r, gcast_deferred *d, void (*run)(gcast_deferred *d))
{
    static_assert(sizeof d->reserved == sizeof(struct rcu_head), "a callback's node fits");
    d->run = run;
    gcasti_tsan_release(&gcasti_grace_edge);
    r->urcu->update_call_rcu((struct rcu_head *)(void *)d->reserved, run_deferred);
}

void gcast_thread_enter(gcast_registry *r)
{
    gcasti_thread_enter(r->rcu);
}

void gcast_thread_leave(gcast_registry *r)
{
    gcasti_tsan_release(&gcasti_grace_edge);
    gcasti_thread_leave(r->rcu);
}

void gcast_read_begin(gcast_registry *r)
{
    assert(gcasti_thread_entered(r->rcu));
    gcasti_section_begin(r->rcu);
}

void gcast_read_end(gcast_registry *r)
{
    gcasti_section_end(r->rcu);
}

void gcast_quiescent(gcast_registry *r)
{
    r->urcu->read_quiescent_state();
}

void gcast_thread_offline(gcast_registry *r)
{
    r->urcu->thread_offline();
}

void gcast_thread_online(gcast_registry *r)
{
    r->urcu->thread_online();
}

size_t gcast_count(gcast_registry *r)
{
    /* relaxed: a statistic */
    return atomic_load_explicit(&r->x_count, memory_order_relaxed);
}

uint64_t gcast_id_new(void)
{
    static _Atomic(uint64_t) x_last; /* atomic */

    /* relaxed: ids need to differ, nothing else */
    return atomic_fetch_add_explicit(&x_last, 1, memory_order_relaxed) + 1;
}

const char *gcast_strerror(gcast_err err)
{
    switch (err) {
#define CASE(name, value, text) \
    case GCAST_##name:          \
        return text;
        GCAST_ERR_MAP(CASE)
#undef CASE
    }
    return "unknown error";
}
