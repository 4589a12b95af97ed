/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef HUB_HUB_INTERNAL_H
#define HUB_HUB_INTERNAL_H

#include "hash.h"
#include "hub.h"

typedef struct hub_group hub_group;
typedef struct hub_part hub_part;
typedef struct hub_members hub_members;
typedef struct hub_pace hub_pace;
typedef struct pace_lane pace_lane;

/* Frames, each with a reference. Zeroed = empty. */
typedef struct frame_list {
    frame **frames;
    uint32_t count;
    uint32_t cap;
} frame_list;

/* ---- group.c: named sets of connections ---- */

/*
 * A channel's subscribers, or the connections of a user. Each worker keeps its own members in a
 * part that it alone changes; everybody may read all parts under RCU.
 *
 * Life: `x_holders` counts the parts that have members and the letters on their way. It can only
 * rise from a number above zero (group_hold), so whoever brings it to zero ends the group: out of
 * the registry, and freed after a grace period. A thread that meets a group at zero in the registry
 * helps to remove it and makes a new one.
 */
struct hub_group {
    gcast_entry entry;           /* rcu */
    gcast_registry *registry;    /* const: hub->channels or hub->users */
    hub_delivery how;            /* const */
    _Atomic(hub_part *) x_parts; /* rcu: grows only, freed with the group */
    _Atomic(uint32_t) x_holders; /* atomic */
    uint32_t name_len;           /* const */
    char name[];                 /* const: also the entry's key */
};

struct hub_part {
    hub_part *next;                   /* const once published */
    hub_group *group;                 /* const */
    hub_worker *worker;               /* const: the owner */
    _Atomic(hub_members *) x_members; /* rcu: written by the owner; NULL until the first member */
    _Atomic(uint32_t) x_count;        /* owner writes */
    uint32_t free_slot;               /* owner: first of the chain of empty slots, or NO_SLOT */
    _Atomic(bool) x_lost;             /* atomic: a publication could not be posted to the owner */
    bool has_late;                    /* owner: members joined while frames wait: hub_sub.skip */
    uint32_t sweep;                   /* owner: where the last sweep began */
    frame_list frames;                /* owner: publications that wait for the next sweep */

    list waiting;    /* owner: in waiting or gathering while there are frames */
    uint64_t due_ms; /* owner: while gathering, until when */
};

/*
 * The members of a part, dense. A slot holds a hub_sub, or the number of the next empty slot with
 * the lowest bit set. Slots never move while the array lives, so that a reader sees nobody twice.
 */
struct hub_members {
    gcast_deferred deferred;
    uint32_t cap;  /* const */
    uint32_t used; /* owner: slots from here on were never used */
    _Atomic(uintptr_t) x_slots[];
};

/* One membership: a subscription, or a connection's place among those of its user. */
struct hub_sub {
    hub_conn *conn;             /* const */
    hub_part *part;             /* const */
    _Atomic(hub_info *) x_info; /* rcu: owner writes; NULL for most */
    union {
        struct {           /* owner: until it leaves */
            hub_sub *next; /* the connection's next subscription */
            uint32_t slot;
            uint32_t skip; /* of the frames that wait in the part, how many came before it joined */
            uint32_t flags;
            hub_pace *pace; /* NULL: it gets every publication */
        };
        gcast_deferred deferred; /* afterwards */
    };
};

/* ---- info.c: what is known of a connection or a subscription, for those few that have it ---- */

/* Replaced as a whole: readers of other threads may still hold the old one. */
struct hub_info {
    gcast_deferred deferred;
    uint64_t expires_at_s; /* const: of a subscription */
    uint32_t len;          /* const */
    char json[];           /* const: what others are told */
};

/* Owner of what `at` belongs to. Publishes a copy; nothing at all if both are empty. The old one is
 * freed after a grace period. false: out of memory, nothing was changed. */
bool info_set(gcast_registry *r, _Atomic(hub_info *) *at, view json, uint64_t expires_at_s);

/* The owner, or inside a read section. */
view info_view(const _Atomic(hub_info *) *at);

static inline view group_name(const hub_group *g)
{
    return (view){.ptr = g->name, .len = g->name_len};
}

/* Any thread. A group with one more hold, NULL if there is none by that name (or a dying one). */
hub_group *group_find(gcast_registry *registry, view name);

/* Any thread. Drops a hold. */
void group_release(hub_group *g);

/* The registry's on_release: frees a group that nobody can see any more. */
void group_on_release(gcast_entry *e, void *arg);

/* Owner of c. Adds c to the group `name`, which is made as opts->delivery says if need be. NULL: out of
 * memory. */
hub_sub *group_join(gcast_registry *registry, view name, const hub_sub_opts *opts, hub_conn *c);

/* Owner. */
void group_leave(hub_sub *s);

/* Any thread, inside a read section: calls fn for every member there is. */
void group_each_rcu(hub_group *g, void (*fn)(void *arg, hub_sub *s), void *arg);

/* Any thread, inside a read section. */
uint32_t group_count_rcu(hub_group *g);

/* What a slot holds; NULL if it is empty. */
static inline hub_sub *slot_sub(uintptr_t slot)
{
    return (slot & 1) != 0 ? NULL : (hub_sub *)slot;
}

/* ---- outbox.c: what a socket did not take ---- */

/* Owner. Appends the bytes of f from `from` on. false: out of memory, or over the limit: the
 * connection is doomed. */
bool outbox_append(hub_conn *c, frame *f, uint32_t from);
void outbox_free(hub_conn *c);

/* ---- due.c: what waits to be written ---- */

/* One thing that waits to be written to one connection. Its frame is kept by worker->held. */
typedef struct due {
    frame *frame;
    uint32_t next;  /* index of the connection's next one; 0: none */
    uint32_t parts; /* where the messages that `frame` is made of begin in worker->held, plus 1; 0: it
                       need not be taken apart */
} due;

typedef struct due_list {
    due *items; /* [0] is never used */
    uint32_t count;
    uint32_t cap;
} due_list;

struct hub_worker {
    hub *hub;       /* const */
    unsigned index; /* const */
    void *wake_arg; /* const */
    mailbox mailbox;
    metrics metrics;
    list waiting;         /* owner: parts with publications that no sweep has taken up */
    list gathering;       /* owner: parts whose publications wait for their flush interval to end */
    uint64_t gathered_ms; /* owner: when the first of those ends; UINT64_MAX: none */
    list dirty;           /* owner: connections with something due, first come first served */
    list doomed;          /* owner: connections to disconnect at the end of the turn */
    due_list due;         /* owner */
    frame_list held;      /* owner: kept until every connection that is due has been served */
    pace_lane *lanes;     /* owner */
    uint64_t paced_ms;    /* owner: when the first of their intervals ends; UINT64_MAX: none */
    uint64_t now_ms;      /* owner: of this turn */
    buf scratch;          /* owner: messages are built here */
    buf topic;            /* owner: and their topics */
};

/* Takes over one reference. false: out of memory, and f is still the caller's. */
bool frame_list_add(frame_list *l, frame *f);
void frame_list_clear(frame_list *l);
void frame_list_fini(frame_list *l);

/* Owner. Keeps f until everything that is due has been written; takes over one reference, also when
 * out of memory (false: f is gone). */
bool worker_hold_frame(hub_worker *w, frame *f);

/* Owner, when no connection is dirty: empties the due list and lets the held frames go. */
void worker_forget_due(hub_worker *w);

/* Owner. f is written to c in this turn or a later one, after all that waits already. The caller
 * sees to it that the worker holds f before the turn ends. */
void conn_due(hub_conn *c, frame *f);

/* The same for a frame made of those that follow one another in worker->held: see struct due. */
void conn_due_run(hub_conn *c, frame *f, uint32_t parts);

/* Owner. Writes all that is due to c, now; something is. */
void conn_serve(hub_conn *c);

/* Owner. Forgets what is due to c. */
void conn_drop_due(hub_conn *c);

/* Owner. c is to be disconnected at the end of this turn. */
void conn_doom(hub_conn *c, uint32_t code);

/* ---- sweep.c: from a worker's part of a channel to its members ---- */

/* Owner. One more publication for the members; takes over one reference. */
void part_take(hub_part *p, frame *f);

/* Any thread that holds the group: a publication for this part is lost for want of memory. */
void part_note_loss(hub_part *p);

/* Owner. Forgets what waits in the part: it has no members left. */
void part_drop_frames(hub_part *p);

/* Any thread. Has the loop call hub_worker_turn(). */
void worker_schedule(hub_worker *w);

/* ---- pace.c: subscriptions that want no more than the newest in each interval ---- */

/* Owner of c. NULL: out of memory. */
hub_pace *pace_new(hub_conn *c, uint32_t interval_ms);

/* Owner. Forgets what waits. pace_free(NULL) is harmless. */
void pace_free(hub_pace *p);

/* Owner, in a turn: publications, in order, which the worker holds. They go out in this turn or wait
 * for the end of the interval. */
void pace_take(hub_pace *p, frame *const *frames, uint32_t count);

/* Owner: what waits for intervals that have ended goes out. */
void pace_end_intervals(hub_worker *w);
void pace_lanes_free(hub_worker *w);

/* ---- topic.c: which publications replace which ---- */

/* On the home worker. Gives f, the publication as it goes over the wire, its topic: the channel and
 * the value of the tag that is the key. Takes over f; NULL: out of memory. */
frame *topic_add(hub_worker *home, const hub_group *g, const publication *pub, frame *f);

/* ---- hub.c ---- */

struct hub {
    hub_opts opts;
    gcast_registry *conns;    /* by id */
    gcast_registry *channels; /* by name */
    gcast_registry *users;    /* by user id */
    hub_worker *workers;
    metrics outside;     /* atomic: what threads that are no workers count */
    gcasti_seed seed;    /* const: of topic hashes */
    uint64_t id_tag;     /* const: marks this process in client ids */
    uint64_t id_key;     /* const: hides the sequence of ids */
    uint64_t id_inverse; /* const */
};

/* The worker whose thread this is; NULL on other threads. */
hub_worker *hub_self(void);
static inline hub_worker *hub_home(hub *h, uint64_t hash)
{
    return &h->workers[hash % h->opts.workers];
}

/* Entries visited in one read section of a traversal: a long section delays every reclamation in the
 * process. */
enum { SECTION_STEPS = 512 };

/* ---- conn.c ---- */

/* The registry's on_release: no reader can see the connection any more. */
void conn_on_release(gcast_entry *e, void *arg);

/* ---- client_id.c ---- */

void client_id_setup(hub *h);
hub_client_id client_id_format(const hub *h, uint64_t id);
/* false: not an id of this process. */
bool client_id_parse(const hub *h, view text, uint64_t *id);

#endif
