/* SPDX-License-Identifier: MIT */
/* What a registry is made of; shared by the files of this room. */
#ifndef REGISTRY_INTERNAL_H
#define REGISTRY_INTERNAL_H

#include <assert.h>

#include <urcu/rculfhash.h>

#include "hash.h"
#include "hints.h"
#include "rcu.h"
#include "slots.h"
#include "tsan.h"

enum { SIZE_MIN = 64 }; /* the smallest table, in buckets */

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): what is written often lies apart */
struct gcast_registry {
    struct cds_lfht *table;               /* const; its nodes: rcu */
    const gcasti_rcu *rcu;                /* const */
    const struct rcu_flavor_struct *urcu; /* const: rcu->urcu, one load nearer */
    gcast_registry_opts opts;             /* const */
    gcasti_seed seed;                     /* const */
    _Atomic(gcasti_hints *) x_hints;      /* rcu: never NULL */
    _Atomic(size_t) x_size;               /* atomic: entries that table and hints are made for */
    _Atomic(bool) x_closed;               /* atomic: false, then true for good */
    _Atomic(bool) x_resizing;             /* atomic: a resize is asked for or under way */
    struct rcu_head resize_head;          /* liburcu's while x_resizing */

    gcasti_slots slots;      /* says it itself */
    _Atomic(size_t) x_count; /* atomic, relaxed: in a cache line apart from what is only read */
};

/* Asks for another size of table and hints if the count asks for it. Inside the read section of the
 * add or remove that changed it. */
void gcasti_fit(gcast_registry *r);

static inline gcast_entry *gcasti_entry_of_node(struct cds_lfht_node *node)
{
    return (gcast_entry *)((char *)node - offsetof(gcast_entry, reserved_node));
}

static inline struct cds_lfht_node *gcasti_node_of(gcast_entry *e)
{
    return (struct cds_lfht_node *)(void *)e->reserved_node;
}

/* Whether the calling thread is inside a read section (with QSBR: online). For assertions. */
static inline bool gcasti_in_section(const gcast_registry *r)
{
    return r->urcu->read_ongoing() != 0;
}

/* Whether an entry that was put into the table is still there. Inside a read section. */
static inline bool gcasti_is_findable(gcast_entry *e)
{
    return !cds_lfht_is_node_deleted(gcasti_node_of(e));
}

static inline uint64_t gcasti_hash_of(const gcast_registry *r, const gcast_entry *e)
{
    return r->opts.keys == GCAST_KEYS_ID ? gcasti_hash_id(&r->seed, e->key.id)
                                         : gcasti_hash_bytes(&r->seed, e->key.data, e->key_len);
}

/* Inside a read section. */
static inline gcasti_hints *gcasti_hints_of(gcast_registry *r)
{
    return atomic_load_explicit(&r->x_hints, memory_order_acquire); /* PAIRS resize_hints() */
}

#endif
