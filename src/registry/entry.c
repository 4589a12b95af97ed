/* SPDX-License-Identifier: MIT */
/*
 * Entries: how they come into a registry, are found, and leave it.
 *
 * An entry is in two places, the hash table (look-up, with a hint as a short cut) and a slot
 * (traversal). The table decides: an entry is in the registry from its insertion there to its
 * removal there, each of which exactly one thread wins. Hint and slot follow:
 *
 *     add      claim slot and hint -> insert -> publish both
 *     replace  claim hint -> insert in the place of the old one -> clear its hint, publish -> publish
 *              in its slot
 *     remove   take out of the table -> clear hint -> empty slot -> drop reference
 *     release  (a grace period after the last reference) on_release
 *
 * Each of the first three is a read section. Entries that follow one another by replace share a
 * slot and carry a growing number, `turn`; the highest turn wins, whichever thread comes last. That
 * is why a traversal meets a replaced key exactly once.
 */
#include "registry_internal.h"

#include <string.h>

static_assert(sizeof(gcast_entry) == 64, "an entry is one cache line");
static_assert(sizeof(struct cds_lfht_node) <= sizeof((gcast_entry *)0)->reserved_node,
              "room for liburcu's table node");
static_assert(sizeof(struct rcu_head) <= sizeof((gcast_entry *)0)->reserved_release,
              "room for liburcu's callback");
static_assert(alignof(gcast_entry) >= alignof(struct cds_lfht_node), "as liburcu wants it");

/* A byte key somebody looks for. */
typedef struct byte_key {
    const void *data;
    size_t len;
} byte_key;

static void init_entry(gcast_entry *e)
{
    memset(e, 0, sizeof *e);
    e->x_slot = SLOT_NONE;
}

void gcast_entry_init_id(gcast_entry *e, uint64_t id)
{
    init_entry(e);
    e->key.id = id;
}

void gcast_entry_init_bytes(gcast_entry *e, const void *key, size_t len)
{
    assert(len <= UINT32_MAX);
    init_entry(e);
    e->key.data = key;
    e->key_len = (uint32_t)len;
}

static int match_id(struct cds_lfht_node *node, const void *key)
{
    const gcast_entry *e = gcasti_entry_of_node(node);

    gcasti_tsan_acquire(e);
    return e->key.id == *(const uint64_t *)key;
}

static int match_bytes(struct cds_lfht_node *node, const void *key)
{
    const gcast_entry *e = gcasti_entry_of_node(node);
    const byte_key *wanted = key;

    gcasti_tsan_acquire(e);
    return e->key_len == wanted->len &&
           (wanted->len == 0 || memcmp(e->key.data, wanted->data, wanted->len) == 0);
}

/* How the table is asked for one key. `bytes` may hold what `key` points to. */
typedef struct query {
    unsigned long hash;
    cds_lfht_match_fct match;
    const void *key;
    byte_key bytes;
} query;

static void query_entry(query *q, const gcast_registry *r, const gcast_entry *e)
{
    if (r->opts.keys == GCAST_KEYS_ID) {
        q->hash = gcasti_hash_id(&r->seed, e->key.id);
        q->match = match_id;
        q->key = &e->key.id;
    } else {
        q->hash = gcasti_hash_bytes(&r->seed, e->key.data, e->key_len);
        q->match = match_bytes;
        q->bytes = (byte_key){.data = e->key.data, .len = e->key_len};
        q->key = &q->bytes;
    }
}

static bool is_closed(gcast_registry *r)
{
    /* relaxed: see gcast_registry_close() */
    return atomic_load_explicit(&r->x_closed, memory_order_relaxed);
}

/* Completes the entry before it is published. */
static void prepare(gcast_registry *r, gcast_entry *e, uint32_t slot, uint32_t turn)
{
    e->home = r;
    e->turn = turn;
    e->x_refs = 1; /* for being findable */
    __atomic_store_n(&e->x_slot, slot, __ATOMIC_RELAXED);
    gcasti_tsan_release(e);
}

/* Undoes prepare() of an entry that nobody saw. */
static void unprepare(gcast_entry *e)
{
    e->x_refs = 0;
    __atomic_store_n(&e->x_slot, SLOT_NONE, __ATOMIC_RELAXED);
}

/* Puts `e` with a claimed slot into the table and the slot; false if its key is there. Inside a
 * read section. */
static bool insert_rcu(gcast_registry *r, gcast_entry *e, uint32_t slot, const query *q)
{
    struct cds_lfht_node *node = gcasti_node_of(e);
    gcasti_hints *hints = gcasti_hints_of(r);
    gcasti_hint *place = gcasti_hint_claim(hints, q->hash, e, HINT_BY_OWNER);

    prepare(r, e, slot, 0);
    /* relaxed: a statistic; before the insertion, or a quick remove would take it below zero */
    atomic_fetch_add_explicit(&r->x_count, 1, memory_order_relaxed);
    if (cds_lfht_add_unique(r->table, q->hash, q->match, q->key, node) != node) {
        atomic_fetch_sub_explicit(&r->x_count, 1, memory_order_relaxed);
        gcasti_hint_clear(hints, q->hash, e);
        return false;
    }
    gcasti_slot_publish_first(&r->slots, slot, e);
    gcasti_hint_publish(place, q->hash, e, HINT_BY_OWNER);
    gcasti_fit(r);
    return true;
}

gcast_err gcast_add(gcast_registry *r, gcast_entry *e)
{
    uint32_t slot = SLOT_NONE;
    gcast_err err = GCAST_ECLOSED;
    query q;

    query_entry(&q, r, e);
    gcast_read_begin(r);
    if (is_closed(r))
        goto out;
    gcasti_hint_prefetch(gcasti_hints_of(r), q.hash);
    err = GCAST_ENOMEM;
    slot = gcasti_slot_claim(&r->slots, e);
    if (slot == SLOT_NONE)
        goto out;
    err = GCAST_OK;
    if (!insert_rcu(r, e, slot, &q)) {
        unprepare(e);
        gcasti_slot_free(&r->slots, slot);
        err = GCAST_EEXIST;
    }
out:
    gcast_read_end(r);
    return err;
}

/* 0 is the turn of entries that replaced nothing. */
static uint32_t next_turn(const gcast_entry *old)
{
    return old->turn + 1 != 0 ? old->turn + 1 : 1;
}

/* Takes the place of the entry that the iterator found; false if that one left meanwhile. */
static bool supersede_rcu(gcast_registry *r, gcast_entry *e, struct cds_lfht_iter *found,
                          const query *q)
{
    gcast_entry *old = gcasti_entry_of_node(cds_lfht_iter_get_node(found));
    gcasti_hints *hints = gcasti_hints_of(r);
    gcasti_hint *place = gcasti_hint_claim(hints, q->hash, e, HINT_BY_OWNER);
    /* relaxed: if another thread is about to take the slot from `old`, the replacement below fails
     */
    uint32_t slot = __atomic_load_n(&old->x_slot, __ATOMIC_RELAXED);

    prepare(r, e, slot, next_turn(old));
    if (cds_lfht_replace(r->table, found, q->hash, q->match, q->key, gcasti_node_of(e)) != 0) {
        gcasti_hint_clear(hints, q->hash, e);
        return false;
    }
    gcasti_hint_clear(hints, q->hash, old);
    gcasti_hint_publish(place, q->hash, e, HINT_BY_OWNER);
    gcasti_slot_publish_later(&r->slots, slot, e);
    /* The slot is e's now. relaxed: read by rivals that fail whatever they read, and by the release
     * callback of `old`, which the reference count orders after this. */
    __atomic_store_n(&old->x_slot, SLOT_NONE, __ATOMIC_RELAXED);
    return true;
}

/* One attempt after another until one wins: each failure means that another thread added or took
 * out an entry with this key. */
static gcast_err replace_rcu(gcast_registry *r, gcast_entry *e, gcast_entry **old, uint32_t *spare)
{
    struct cds_lfht_iter found;
    query q;

    query_entry(&q, r, e);
    for (;;) {
        cds_lfht_lookup(r->table, q.hash, q.match, q.key, &found);
        if (cds_lfht_iter_get_node(&found) != NULL) {
            *old = gcasti_entry_of_node(cds_lfht_iter_get_node(&found));
            if (supersede_rcu(r, e, &found, &q))
                return GCAST_OK;
            continue;
        }
        *old = NULL;
        if (*spare == SLOT_NONE)
            *spare = gcasti_slot_claim(&r->slots, e);
        if (*spare == SLOT_NONE)
            return GCAST_ENOMEM;
        if (insert_rcu(r, e, *spare, &q)) {
            *spare = SLOT_NONE;
            return GCAST_OK;
        }
    }
}

gcast_err gcast_replace(gcast_registry *r, gcast_entry *e, gcast_entry **old)
{
    gcast_entry *replaced = NULL;
    uint32_t spare = SLOT_NONE;
    gcast_err err = GCAST_ECLOSED;

    gcast_read_begin(r);
    if (!is_closed(r))
        err = replace_rcu(r, e, &replaced, &spare);
    if (spare != SLOT_NONE)
        gcasti_slot_free(&r->slots, spare);
    gcast_read_end(r);
    if (err != GCAST_OK) {
        unprepare(e);
        return err;
    }
    if (old != NULL)
        *old = replaced;
    else if (replaced != NULL)
        gcast_put(r, replaced);
    return GCAST_OK;
}

/* Gives back the slot of an entry just taken out of the table: now, or, if it saw a replacement
 * whose publication may still be on its way, when the entry is released. */
static void leave_slot_rcu(gcast_registry *r, gcast_entry *e, uint32_t slot)
{
    if (e->turn > 0) {
        gcasti_slot_clear(&r->slots, slot);
        return;
    }
    /* relaxed: read by rivals that fail whatever they read, and by the release callback, which the
     * reference count orders after this */
    __atomic_store_n(&e->x_slot, SLOT_NONE, __ATOMIC_RELAXED);
    gcasti_slot_free(&r->slots, slot);
}

gcast_err gcast_remove(gcast_registry *r, gcast_entry *e)
{
    uint64_t hash = gcasti_hash_of(r, e);
    uint32_t slot = SLOT_NONE;
    bool won = false;

    gcast_read_begin(r);
    gcasti_hint_prefetch(gcasti_hints_of(r), hash);
    /* relaxed: a replacement that takes the slot away makes the removal fail */
    slot = __atomic_load_n(&e->x_slot, __ATOMIC_RELAXED);
    won = slot != SLOT_NONE && cds_lfht_del(r->table, gcasti_node_of(e)) == 0;
    if (won) {
        gcasti_hint_clear(gcasti_hints_of(r), hash, e);
        leave_slot_rcu(r, e, slot);
        /* relaxed: a statistic */
        atomic_fetch_sub_explicit(&r->x_count, 1, memory_order_relaxed);
        gcasti_fit(r);
    }
    gcast_read_end(r);
    if (!won)
        return GCAST_ENOENT;
    gcast_put(r, e);
    return GCAST_OK;
}

static gcast_entry *lookup(gcast_registry *r, const query *q)
{
    struct cds_lfht_iter found;
    struct cds_lfht_node *node = NULL;

    cds_lfht_lookup(r->table, q->hash, q->match, q->key, &found);
    node = cds_lfht_iter_get_node(&found);
    return node != NULL ? gcasti_entry_of_node(node) : NULL;
}

gcast_entry *gcast_peek(gcast_registry *r, uint64_t id)
{
    uint64_t hash = gcasti_hash_id(&r->seed, id);
    gcast_entry *e = gcasti_hint_find(gcasti_hints_of(r), hash);

    assert(gcasti_in_section(r));
    assert(r->opts.keys == GCAST_KEYS_ID);
    if (e != NULL && e->key.id == id && gcasti_is_findable(e))
        return e;
    return lookup(r, &(query){.hash = hash, .match = match_id, .key = &id});
}

gcast_entry *gcast_peek_bytes(gcast_registry *r, const void *key, size_t len)
{
    byte_key wanted = {.data = key, .len = len};
    uint64_t hash = gcasti_hash_bytes(&r->seed, key, len);
    gcast_entry *e = gcasti_hint_find(gcasti_hints_of(r), hash);

    assert(gcasti_in_section(r));
    assert(r->opts.keys == GCAST_KEYS_BYTES);
    if (e != NULL && match_bytes(gcasti_node_of(e), &wanted) && gcasti_is_findable(e))
        return e;
    return lookup(r, &(query){.hash = hash, .match = match_bytes, .key = &wanted});
}

bool gcast_get(gcast_entry *e)
{
    uint32_t refs = __atomic_load_n(&e->x_refs, __ATOMIC_RELAXED);

    /* relaxed: whoever has the pointer has seen the entry already */
    while (refs != 0)
        if (__atomic_compare_exchange_n(&e->x_refs, &refs, refs + 1, true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            return true;
    return false;
}

/* On liburcu's thread, a grace period after the last reference went. */
static void release_cb(struct rcu_head *head)
{
    gcast_entry *e = (gcast_entry *)((char *)head - offsetof(gcast_entry, reserved_release));
    gcast_registry *r = NULL;
    uint32_t slot = SLOT_NONE;

    gcasti_tsan_acquire(&gcasti_grace_edge);
    gcasti_tsan_acquire(e);
    r = e->home;
    slot = __atomic_load_n(&e->x_slot, __ATOMIC_RELAXED);
    if (slot != SLOT_NONE)
        gcasti_slot_free(&r->slots, slot);
    r->opts.on_release(e, r->opts.arg);
    gcasti_tsan_release(&gcasti_grace_edge); /* to gcast_barrier() */
}

void gcast_put(gcast_registry *r, gcast_entry *e)
{
    /*
     * ORDER  what every holder did with the entry -> its release.
     * PAIRS  itself, in the thread that drops the last reference.
     * ELSE   the entry may be freed under a holder's last access.
     */
    if (__atomic_fetch_sub(&e->x_refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    gcasti_tsan_release(&gcasti_grace_edge);
    gcasti_tsan_release(e);
    r->urcu->update_call_rcu((struct rcu_head *)(void *)e->reserved_release, release_cb);
}
