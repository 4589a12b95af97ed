/* SPDX-License-Identifier: MIT */
/*
 * Roll calls: who is in a channel, read from its group a slice at a time. Each slice has a read section
 * of its own, and between slices the worker does everything else it has to do.
 *
 * Who is subscribed during the whole call is read exactly once. The slots of a part may be moved
 * together between two slices (group.c): then the part is read again from its beginning, which can
 * happen only as often as its array shrinks to a quarter.
 */
#include <stdlib.h>

#include "hub_internal.h"

enum {
    FIRST_USERS = 16,
    NAME_BYTES = 128, /* room for one client in the names: its id twice, and a short user id */
};

/* The groups of users that were met, by address. Open addressing; less than half full. */
typedef struct user_set {
    const hub_group **slots;
    uint32_t count;
    uint32_t cap; /* a power of two */
} user_set;

struct hub_roll {
    letter letter; /* to ourselves, from slice to slice */
    hub *hub;
    hub_group *group;  /* held; NULL: complete */
    hub_part *part;    /* being read */
    uint32_t at;       /* the slot that is next */
    uint32_t moves;    /* of the array that the last slice read, if at is above 0 */
    uint32_t clients;  /* read so far... */
    size_t before_len; /* ...and, like the names, before this part */
    uint32_t before_clients;
    bool with_names;
    bool anonymous; /* somebody without a user was met */
    bool failed;
    bool under_way; /* the letter is */
    buf names;
    user_set users;
    void (*done)(void *arg); /* NULL: nobody waits any more */
    void *arg;
};

/* ---- distinct users ---- */

/* Where g is, or belongs. */
static uint32_t user_slot(const user_set *set, const hub_group *g)
{
    uint64_t hash = (uint64_t)(uintptr_t)g * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t i = (uint32_t)(hash >> 32) & (set->cap - 1);

    while (set->slots[i] != NULL && set->slots[i] != g)
        i = (i + 1) & (set->cap - 1);
    return i;
}

static bool users_grow(user_set *set, uint32_t cap)
{
    user_set more = {.cap = cap, .count = set->count};

    more.slots = calloc(more.cap, sizeof(hub_group *));
    if (more.slots == NULL)
        return false;
    for (uint32_t i = 0; i < set->cap; i++) {
        if (set->slots[i] != NULL)
            more.slots[user_slot(&more, set->slots[i])] = set->slots[i];
    }
    free((void *)set->slots);
    *set = more;
    return true;
}

/* false: out of memory. */
static bool users_add(user_set *set, const hub_group *g)
{
    if (set->count >= set->cap / 2 && !users_grow(set, set->cap * 2))
        return false;

    uint32_t i = user_slot(set, g);

    set->count += set->slots[i] == NULL ? 1 : 0;
    set->slots[i] = g;
    return true;
}

/* ---- reading ---- */

static void note_member(hub_roll *r, const hub_sub *s)
{
    const hub_conn *c = s->conn;
    /* PAIRS join_user() */
    const hub_sub *user = atomic_load_explicit(&c->x_user, memory_order_acquire);
    hub_client_id id;

    if (s->hidden || (user == NULL && c->has_user))
        return; /* the latter: it is leaving */
    r->clients++;
    if (user == NULL)
        r->anonymous = true;
    else if (!users_add(&r->users, user->part->group))
        r->failed = true;
    if (!r->with_names)
        return;

    client_info info = hub_client_info(c, s, &id);

    write_presence_entry(&r->names, &info);
}

static void begin_part(hub_roll *r, hub_part *p)
{
    r->part = p;
    r->at = 0;
    r->before_len = r->names.len;
    r->before_clients = r->clients;
}

/* Its members have moved meanwhile. */
static void begin_again(hub_roll *r)
{
    r->at = 0;
    r->names.len = r->before_len;
    r->clients = r->before_clients;
}

/* Reads up to `max` slots of the part, and goes on to the next part behind the last. Returns how many
 * it read. Inside a read section. */
static uint32_t read_part(hub_roll *r, uint32_t max)
{
    /* PAIRS replace_members() */
    const hub_members *m = atomic_load_explicit(&r->part->x_members, memory_order_acquire);

    if (m == NULL) {
        begin_part(r, r->part->next); /* nobody yet */
        return 0;
    }
    if (r->at != 0 && m->moves != r->moves)
        begin_again(r);

    uint32_t from = r->at;
    uint32_t to = m->cap - from < max ? m->cap : from + max;

    for (uint32_t i = from; i < to; i++) {
        /* PAIRS part_add() */
        const hub_sub *s = slot_sub(atomic_load_explicit(&m->x_slots[i], memory_order_acquire));

        if (s != NULL)
            note_member(r, s);
    }
    r->at = to;
    r->moves = m->moves;
    if (to == m->cap)
        begin_part(r, r->part->next);
    return to - from;
}

static void complete(hub_roll *r)
{
    buf_append_char(&r->names, '}');
    if (r->group != NULL)
        group_release(r->group);
    r->group = NULL;
}

/* true: there is more to read. */
static bool read_slice(hub_roll *r)
{
    uint32_t left = SECTION_STEPS;

    if (r->group == NULL)
        return false;
    gcast_read_begin(r->hub->channels);
    while (r->part != NULL && left != 0)
        left -= read_part(r, left);
    gcast_read_end(r->hub->channels);
    if (r->part != NULL)
        return true;
    complete(r);
    return false;
}

/* ---- its life ---- */

/* Room for what is expected, so that growing does not make some turns long: who is there now, with at
 * most as many users as there are. */
static bool make_room(hub_roll *r)
{
    gcast_read_begin(r->hub->channels);
    uint32_t clients = group_count_rcu(r->group);
    gcast_read_end(r->hub->channels);
    uint64_t known = gcast_count(r->hub->users);
    uint32_t users = known < clients ? (uint32_t)known : clients;
    uint32_t cap = FIRST_USERS;

    while (cap / 2 <= users)
        cap *= 2;
    return users_grow(&r->users, cap) &&
           (!r->with_names || buf_reserve(&r->names, (size_t)clients * NAME_BYTES + 2));
}

hub_roll *hub_roll_new(hub *h, view channel, bool with_names)
{
    hub_roll *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->hub = h;
    r->with_names = with_names;
    r->group = group_find(h->channels, channel);
    r->failed = r->group != NULL && !make_room(r);
    buf_append_char(&r->names, '{');
    if (r->group == NULL || r->failed)
        complete(r);
    else /* PAIRS part_open() */
        begin_part(r, atomic_load_explicit(&r->group->x_parts, memory_order_acquire));
    return r;
}

static void roll_free(hub_roll *r)
{
    if (r->group != NULL)
        group_release(r->group);
    buf_fini(&r->names);
    free((void *)r->users.slots);
    free(r);
}

void hub_roll_free(hub_roll *r)
{
    r->done = NULL;
    if (!r->under_way)
        roll_free(r);
}

static void next_slice(letter *l)
{
    hub_roll *r = container_of(l, hub_roll, letter);

    r->under_way = false;
    if (r->done == NULL)
        roll_free(r);
    else if (hub_roll_call(r, r->done, r->arg))
        r->done(r->arg);
}

bool hub_roll_call(hub_roll *r, void (*done)(void *arg), void *arg)
{
    hub_worker *w = hub_self();

    r->done = done;
    r->arg = arg;
    while (read_slice(r)) {
        if (w == NULL)
            continue; /* no loop to go back to */
        r->letter.open = next_slice;
        r->under_way = true;
        mailbox_post(&w->later, &r->letter);
        return false;
    }
    return true;
}

bool hub_roll_failed(const hub_roll *r)
{
    return r->failed || r->names.failed;
}

hub_channel_stats hub_roll_stats(const hub_roll *r)
{
    return (hub_channel_stats){.clients = r->clients,
                               .users = r->users.count + (r->anonymous ? 1 : 0)};
}

view hub_roll_names(const hub_roll *r)
{
    return buf_view(&r->names);
}
