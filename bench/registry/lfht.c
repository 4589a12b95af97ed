/* SPDX-License-Identifier: MIT */
/*
 * lfht-memb and lfht-qsbr: liburcu's lock-free hash table as it is, with either flavour. It is the
 * table inside the registry too; the difference is the traversal. A broadcast is one read section.
 */
#include <stdlib.h>

#include <urcu/rculfhash.h>

#include "rcu.h"
#include "subject.h"

enum { MIN_BUCKETS = 64 };

typedef struct lfht {
    const gcasti_rcu *rcu;  /* const */
    struct cds_lfht *table; /* const; its nodes: rcu */
} lfht;

/* In front of each item. */
typedef struct tie {
    struct cds_lfht_node node;
    struct rcu_head head;
} tie;

static item *item_of(struct cds_lfht_node *node)
{
    return (item *)(void *)((tie *)(void *)node + 1); /* node is the tie's first member */
}

static tie *tie_of(item *it)
{
    return (tie *)(void *)it - 1;
}

static int match(struct cds_lfht_node *node, const void *id)
{
    return item_of(node)->id == *(const uint64_t *)id;
}

static lfht *create(const gcasti_rcu *rcu)
{
    lfht *t = calloc(1, sizeof *t);

    if (t == NULL)
        abort();
    t->rcu = rcu;
    t->table = cds_lfht_new_flavor(MIN_BUCKETS, MIN_BUCKETS, 0,
                                   CDS_LFHT_AUTO_RESIZE | CDS_LFHT_ACCOUNTING, rcu->urcu, NULL);
    if (t->table == NULL)
        abort();
    return t;
}

static void *create_memb(const subject *s)
{
    (void)s;
    return create(&gcasti_rcu_memb);
}

static void *create_qsbr(const subject *s)
{
    (void)s;
    return create(&gcasti_rcu_qsbr);
}

static void lfht_enter(void *self)
{
    gcasti_thread_enter(((lfht *)self)->rcu);
}

static void lfht_leave(void *self)
{
    gcasti_thread_leave(((lfht *)self)->rcu);
}

static void lfht_pause(void *self)
{
    ((lfht *)self)->rcu->urcu->read_quiescent_state();
}

/* The table grows late, in the background and in steps of eight: at worst it has an eighth of the
 * buckets that it would like. It gets them here. */
static void lfht_filled(void *self, size_t count)
{
    unsigned long buckets = MIN_BUCKETS;

    while (buckets * 2 <= count)
        buckets *= 2;
    cds_lfht_resize(((lfht *)self)->table, buckets);
}

static void lfht_settle(void *self)
{
    ((lfht *)self)->rcu->urcu->barrier();
}

/* The table must be empty when it is destroyed: takes all nodes out. */
static void lfht_destroy(void *self)
{
    lfht *t = self;
    struct cds_lfht_iter at;

    lfht_enter(t);
    t->rcu->urcu->read_lock();
    cds_lfht_first(t->table, &at);
    for (struct cds_lfht_node *node = NULL; (node = cds_lfht_iter_get_node(&at)) != NULL;) {
        cds_lfht_next(t->table, &at);
        (void)cds_lfht_del(t->table, node);
    }
    t->rcu->urcu->read_unlock();
    lfht_leave(t);
    lfht_settle(t);
    if (cds_lfht_destroy(t->table, NULL) != 0)
        abort();
    free(t);
}

static bool lfht_add(void *self, item *it)
{
    lfht *t = self;
    struct cds_lfht_node *node = &tie_of(it)->node;
    bool added = false;

    cds_lfht_node_init(node);
    t->rcu->urcu->read_lock();
    added = cds_lfht_add_unique(t->table, item_hash(it->id), match, &it->id, node) == node;
    t->rcu->urcu->read_unlock();
    return added;
}

static void free_tie(struct rcu_head *head)
{
    free((char *)head - offsetof(tie, head));
}

static bool lfht_remove(void *self, item *it)
{
    lfht *t = self;
    bool removed = false;

    t->rcu->urcu->read_lock();
    removed = cds_lfht_del(t->table, &tie_of(it)->node) == 0;
    t->rcu->urcu->read_unlock();
    if (removed)
        t->rcu->urcu->update_call_rcu(&tie_of(it)->head, free_tie);
    return removed;
}

static bool lfht_lookup(void *self, uint64_t id, uint64_t *value)
{
    lfht *t = self;
    struct cds_lfht_iter found;
    struct cds_lfht_node *node = NULL;

    t->rcu->urcu->read_lock();
    cds_lfht_lookup(t->table, item_hash(id), match, &id, &found);
    node = cds_lfht_iter_get_node(&found);
    if (node != NULL)
        *value = item_of(node)->value;
    t->rcu->urcu->read_unlock();
    return node != NULL;
}

static void lfht_traverse(void *self, walk *w)
{
    lfht *t = self;
    struct cds_lfht_iter at;
    struct cds_lfht_node *node = NULL;

    t->rcu->urcu->read_lock();
    cds_lfht_first(t->table, &at);
    for (; (node = cds_lfht_iter_get_node(&at)) != NULL; cds_lfht_next(t->table, &at))
        walk_visit(w, item_of(node));
    t->rcu->urcu->read_unlock();
}

const subject subject_lfht_memb = {
    .name = "lfht-memb",
    .header = sizeof(tie),
    .create = create_memb,
    .destroy = lfht_destroy,
    .enter = lfht_enter,
    .leave = lfht_leave,
    .filled = lfht_filled,
    .settle = lfht_settle,
    .add = lfht_add,
    .remove = lfht_remove,
    .lookup = lfht_lookup,
    .traverse = lfht_traverse,
};

const subject subject_lfht_qsbr = {
    .name = "lfht-qsbr",
    .header = sizeof(tie),
    .create = create_qsbr,
    .destroy = lfht_destroy,
    .enter = lfht_enter,
    .leave = lfht_leave,
    .pause = lfht_pause,
    .filled = lfht_filled,
    .settle = lfht_settle,
    .add = lfht_add,
    .remove = lfht_remove,
    .lookup = lfht_lookup,
    .traverse = lfht_traverse,
};
