/* SPDX-License-Identifier: MIT */
/* Named sets of connections; see hub_internal.h for how they live and die. */
#include <stdlib.h>

#include "hub_internal.h"

enum { FIRST_CAP = 1, SHRINK_FROM = 64 };

static const uint32_t no_slot = UINT32_MAX;

/* false: the group is at its end. */
static bool try_hold(hub_group *g)
{
    /* relaxed: the group was found through the registry, which orders its content before us */
    uint32_t holders = atomic_load_explicit(&g->x_holders, memory_order_relaxed);

    while (holders != 0) {
        if (atomic_compare_exchange_weak_explicit(&g->x_holders, &holders, holders + 1,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    }
    return false;
}

/* Looks the group up and holds it. *dying: it was there, at its end, and has been taken out. */
static hub_group *find_and_hold(gcast_registry *registry, view name, bool *dying)
{
    hub_group *g = NULL;

    *dying = false;
    gcast_read_begin(registry);
    gcast_entry *e = gcast_peek_bytes(registry, name.ptr, name.len);

    if (e != NULL) {
        g = container_of(e, hub_group, entry);
        if (!try_hold(g)) {
            *dying = true;
            (void)gcast_remove(registry, e); /* GCAST_ENOENT: somebody else was first */
            g = NULL;
        }
    }
    gcast_read_end(registry);
    return g;
}

hub_group *group_find(gcast_registry *registry, view name)
{
    bool dying;

    return find_and_hold(registry, name, &dying);
}

void group_hold(hub_group *g)
{
    /* relaxed: another hold keeps it */
    atomic_fetch_add_explicit(&g->x_holders, 1, memory_order_relaxed);
}

void group_release(hub_group *g)
{
    gcast_registry *registry = g->registry;

    /* The section keeps g in place: at zero another thread may take it out before we do. */
    gcast_read_begin(registry);
    /*
     * ORDER  what every holder did with the group -> its end.
     * PAIRS  the same decrement by the other holders.
     * ELSE   a late write of another holder could reach freed memory.
     */
    if (atomic_fetch_sub_explicit(&g->x_holders, 1, memory_order_acq_rel) == 1)
        (void)gcast_remove(registry, &g->entry); /* GCAST_ENOENT: somebody helped */
    gcast_read_end(registry);
}

void group_on_release(gcast_entry *e, void *arg)
{
    hub_group *g = container_of(e, hub_group, entry);
    hub_part *p = atomic_load_explicit(&g->x_parts, memory_order_relaxed);

    (void)arg;
    while (p != NULL) {
        hub_part *next = p->next;

        free(atomic_load_explicit(&p->x_members, memory_order_relaxed));
        frame_list_fini(&p->frames);
        free(p->track);
        free(p);
        p = next;
    }
    free(g);
}

static hub_group *group_new(gcast_registry *registry, view name, const hub_delivery *how)
{
    view key_tag = how->key_tag;
    hub_group *g = calloc(1, sizeof *g + name.len + key_tag.len);

    if (g == NULL)
        return NULL;
    g->registry = registry;
    g->how = *how;
    atomic_init(&g->x_told, 0);
    atomic_init(&g->x_parts, NULL);
    atomic_init(&g->x_holders, 1);
    atomic_init(&g->x_active, 0);
    g->name_len = (uint32_t)name.len;
    memcpy(g->name, name.ptr, name.len);
    if (key_tag.len != 0)
        memcpy(g->name + name.len, key_tag.ptr, key_tag.len);
    g->how.key_tag.ptr = g->name + name.len;
    gcast_entry_init_bytes(&g->entry, g->name, g->name_len);
    return g;
}

/* Lock-free: a turn is repeated only because another thread has just added or removed a group of this
 * name. */
hub_group *group_open(gcast_registry *registry, view name, const hub_delivery *how)
{
    hub_group *fresh = NULL;

    for (;;) {
        bool dying;
        hub_group *g = find_and_hold(registry, name, &dying);

        if (g != NULL) {
            free(fresh);
            return g;
        }
        if (fresh == NULL && (fresh = group_new(registry, name, how)) == NULL)
            return NULL;

        gcast_err err = gcast_add(registry, &fresh->entry);

        if (err == GCAST_OK)
            return fresh;
        if (err != GCAST_EEXIST) {
            free(fresh);
            return NULL;
        }
    }
}

/* This worker's part of the group; made if need be. Only the owner makes its part. */
static hub_part *part_open(hub_group *g, hub_worker *w)
{
    /* PAIRS the publishing below */
    hub_part *first = atomic_load_explicit(&g->x_parts, memory_order_acquire);

    for (hub_part *p = first; p != NULL; p = p->next) {
        if (p->worker == w)
            return p;
    }

    hub_part *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->group = g;
    p->worker = w;
    p->free_slot = no_slot;
    list_init(&p->waiting);
    p->next = first;
    /*
     * ORDER  the part's fields -> its place in the list.
     * PAIRS  the loads of x_parts here, in group_each_rcu() and in the home worker's fan-out.
     * ELSE   a reader could follow a half-made part.
     */
    while (!atomic_compare_exchange_weak_explicit(&g->x_parts, &p->next, p, memory_order_release,
                                                  memory_order_acquire))
        continue;
    return p;
}

static void free_members(gcast_deferred *d)
{
    free(container_of(d, hub_members, deferred));
}

/* Replaces the array by one of `cap` slots, the members moved together. The old one stays for those
 * who are reading it. false: out of memory, nothing was changed. */
static bool replace_members(hub_part *p, uint32_t cap)
{
    hub_members *old = atomic_load_explicit(&p->x_members, memory_order_relaxed); /* own writes */
    hub_members *m = malloc(sizeof *m + cap * sizeof *m->x_slots);

    if (m == NULL)
        return false;
    m->cap = cap;
    m->used = 0;
    for (uint32_t i = 0; old != NULL && i < old->used; i++) {
        hub_sub *s = slot_sub(atomic_load_explicit(&old->x_slots[i], memory_order_relaxed));

        if (s == NULL)
            continue;
        s->slot = m->used++;
        atomic_init(&m->x_slots[s->slot], (uintptr_t)s);
    }
    m->moves = old == NULL ? 0 : old->moves + (m->used != old->used ? 1 : 0);
    for (uint32_t i = m->used; i < cap; i++)
        atomic_init(&m->x_slots[i], 1); /* empty */
    p->free_slot = no_slot;
    /*
     * ORDER  the copied slots -> the array.
     * PAIRS  acquire in group_each_rcu().
     * ELSE   a reader could walk slots that are not filled yet.
     */
    atomic_store_explicit(&p->x_members, m, memory_order_release);
    if (old != NULL)
        gcast_defer(p->group->registry, &old->deferred, free_members);
    return true;
}

static bool part_add(hub_part *p, hub_sub *s)
{
    hub_members *m = atomic_load_explicit(&p->x_members, memory_order_relaxed); /* own writes */
    uint32_t slot = p->free_slot;

    if (slot == no_slot && (m == NULL || m->used == m->cap)) {
        if (!replace_members(p, m == NULL ? FIRST_CAP : m->cap * 2))
            return false;
        m = atomic_load_explicit(&p->x_members, memory_order_relaxed);
    }
    if (slot == no_slot) {
        slot = m->used++;
    } else {
        uintptr_t next = atomic_load_explicit(&m->x_slots[slot], memory_order_relaxed);

        p->free_slot = (uint32_t)(next >> 1);
    }
    s->slot = slot;
    /*
     * ORDER  the subscription's fields -> its slot.
     * PAIRS  acquire in group_each_rcu().
     * ELSE   another thread could read a subscription without its connection.
     */
    atomic_store_explicit(&m->x_slots[slot], (uintptr_t)s, memory_order_release);
    return true;
}

static void free_sub(gcast_deferred *d)
{
    hub_sub *s = container_of(d, hub_sub, deferred);

    free(atomic_load_explicit(&s->x_info, memory_order_relaxed)); /* nobody else sees s any more */
    free(s);
}

static void part_remove(hub_part *p, hub_sub *s)
{
    hub_members *m = atomic_load_explicit(&p->x_members, memory_order_relaxed); /* own writes */
    uintptr_t empty = (uintptr_t)p->free_slot << 1 | 1;

    /* relaxed: a reader that still sees the old value sees memory that its section keeps */
    atomic_store_explicit(&m->x_slots[s->slot], empty, memory_order_relaxed);
    p->free_slot = s->slot;
    gcast_defer(p->group->registry, &s->deferred, free_sub);
}

/* Gives memory back once most of the slots are empty, so that a sweep stays as long as its members
 * are many. Out of memory: later. */
static void shrink(hub_part *p, uint32_t count)
{
    hub_members *m = atomic_load_explicit(&p->x_members, memory_order_relaxed); /* own writes */

    if (m->cap >= SHRINK_FROM && count < m->cap / 8)
        (void)replace_members(p, m->cap / 4);
}

/* The part has its first member, or no more. A channel is counted while any of its parts has some: by
 * whichever worker, for only the sum counts. */
static void count_channel(hub_part *p, bool has_members)
{
    hub_group *g = p->group;
    metrics *m = &p->worker->metrics;

    if (g->registry != p->worker->hub->channels)
        return;
    /* relaxed: a figure for display */
    if (has_members) {
        if (atomic_fetch_add_explicit(&g->x_active, 1, memory_order_relaxed) == 0)
            metric_add(&m->x_num_channels, 1);
    } else if (atomic_fetch_sub_explicit(&g->x_active, 1, memory_order_relaxed) == 1) {
        metric_sub(&m->x_num_channels, 1);
    }
}

/* The new member of p is to be told of others. */
static void count_told(hub_part *p)
{
    p->has_told = true;
    /*
     * ORDER  the membership -> being counted; who has joined without counting us -> what we read.
     * PAIRS  the read-modify-write in tell(): one of the two comes first.
     * ELSE   a member could join that we are not told of and do not see among the members either.
     */
    atomic_fetch_add_explicit(&p->group->x_told, 1, memory_order_acq_rel);
}

hub_sub *group_join(gcast_registry *registry, view name, const hub_sub_opts *opts, hub_conn *c)
{
    hub_sub *s = calloc(1, sizeof *s);
    hub_group *g = s == NULL ? NULL : group_open(registry, name, &opts->delivery);
    hub_part *p = g == NULL ? NULL : part_open(g, c->worker);

    if (p == NULL || !info_set(registry, &s->x_info, opts->info, opts->expires_at_s))
        goto fail;
    s->conn = c;
    s->part = p;
    s->flags = (uint16_t)opts->flags;
    s->hidden = (opts->flags & HUB_SUB_IS_HIDDEN) != 0;
    s->skip = p->frames.count; /* what was published before belongs to those who were there */
    p->has_late = p->has_late || s->skip != 0;

    if ((opts->interval_ms != 0 && !pace_open(s, opts->interval_ms)) || !part_add(p, s))
        goto fail;

    uint32_t count = atomic_load_explicit(&p->x_count, memory_order_relaxed); /* own writes */

    /* PAIRS acquire in the home worker's fan-out: who counts us finds us */
    atomic_store_explicit(&p->x_count, count + 1, memory_order_release);
    if (count != 0)
        group_release(g); /* the part has its hold already */
    else
        count_channel(p, true);
    if ((s->flags & HUB_SUB_IS_TOLD) != 0)
        count_told(p);
    return s;

fail:
    if (g != NULL)
        group_release(g);
    if (s != NULL) {
        pace_close(s);
        free_sub(&s->deferred);
    }
    return NULL;
}

void group_leave(hub_sub *s)
{
    hub_part *p = s->part;
    uint32_t count = atomic_load_explicit(&p->x_count, memory_order_relaxed) - 1; /* own writes */

    if (s->join != NULL)
        s->join->sub = NULL;
    if ((s->flags & SUB_POSITIONED) != 0)
        track_leave(p->track);
    if ((s->flags & HUB_SUB_IS_TOLD) != 0) /* relaxed: who counts us still sends for nobody */
        atomic_fetch_sub_explicit(&p->group->x_told, 1, memory_order_relaxed);
    atomic_store_explicit(&p->x_count, count, memory_order_release);
    pace_close(s);
    part_remove(p, s);
    if (count != 0) {
        shrink(p, count);
        return;
    }
    p->has_told = false;
    part_drop_frames(p);
    count_channel(p, false);
    group_release(p->group);
}

void group_each_rcu(hub_group *g, void (*fn)(void *arg, hub_sub *s), void *arg)
{
    /* PAIRS part_open(), replace_members() and part_add(), in this order */
    hub_part *p = atomic_load_explicit(&g->x_parts, memory_order_acquire);

    for (; p != NULL; p = p->next) {
        hub_members *m = atomic_load_explicit(&p->x_members, memory_order_acquire);

        for (uint32_t i = 0; m != NULL && i < m->cap; i++) {
            hub_sub *s = slot_sub(atomic_load_explicit(&m->x_slots[i], memory_order_acquire));

            if (s != NULL)
                fn(arg, s);
        }
    }
}

uint32_t group_count_rcu(hub_group *g)
{
    uint32_t count = 0;

    for (hub_part *p = atomic_load_explicit(&g->x_parts, memory_order_acquire); p != NULL;
         p = p->next)
        count += atomic_load_explicit(&p->x_count, memory_order_relaxed); /* for display */
    return count;
}
