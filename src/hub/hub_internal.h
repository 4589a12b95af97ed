/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef HUB_HUB_INTERNAL_H
#define HUB_HUB_INTERNAL_H

#include "hash.h"
#include "history.h"
#include "hub_history.h"

typedef struct hub_members hub_members;
typedef struct hub_pace hub_pace;
typedef struct pace_lane pace_lane;
typedef struct hub_stream hub_stream;
typedef struct hub_track hub_track;

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
 * Life: `x_holders` counts the parts that have members, the letters on their way and the stream. It can only
 * rise from a number above zero (group_hold), so whoever brings it to zero ends the group: out of
 * the registry, and freed after a grace period. A thread that meets a group at zero in the registry
 * helps to remove it and makes a new one.
 */
struct hub_group {
    gcast_entry entry;           /* rcu */
    gcast_registry *registry;    /* const: hub->channels or hub->users */
    hub_delivery how;            /* const */
    _Atomic(uint32_t) x_told;    /* atomic: members with HUB_SUB_IS_TOLD */
    _Atomic(hub_part *) x_parts; /* rcu: grows only, freed with the group */
    _Atomic(uint32_t) x_holders; /* atomic */
    _Atomic(uint32_t) x_active;  /* atomic: parts with members */
    hub_stream *stream;          /* home: what a channel remembers; NULL: nothing */
    uint32_t name_len;           /* const */
    char name[];                 /* const: also the entry's key; behind it how.key_tag */
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
    bool has_told;                    /* owner: has, or had, members with HUB_SUB_IS_TOLD */
    uint32_t sweep;                   /* owner: where the last sweep began */
    frame_list frames;                /* owner: publications that wait for the next sweep */
    hub_track *track;                 /* owner: of those with a position; NULL: never had any */

    list waiting;    /* owner: in waiting or gathering while there are frames */
    uint64_t due_ms; /* owner: while gathering, until when */
};

/*
 * The members of a part, dense. A slot holds a hub_sub, or the number of the next empty slot with
 * the lowest bit set. Slots never move while the array lives, so that a reader sees nobody twice; nor
 * when it is replaced by one with the same `moves`.
 */
struct hub_members {
    gcast_deferred deferred;
    uint32_t cap;   /* const */
    uint32_t used;  /* owner: slots from here on were never used */
    uint32_t moves; /* const: how often members have moved to other slots */
    _Atomic(uintptr_t) x_slots[];
};

/* One membership: a subscription, or a connection's place among those of its user. */
struct hub_sub {
    hub_conn *conn;             /* const */
    hub_part *part;             /* const */
    _Atomic(hub_info *) x_info; /* rcu: owner writes; NULL for most */
    uint32_t pace;              /* owner: in worker->paces; 0: it gets every publication */
    uint16_t flags;             /* owner */
    bool hidden;                /* const: HUB_SUB_IS_HIDDEN, for roll calls of other threads */
    union {
        struct {            /* owner: until it leaves */
            hub_sub *next;  /* the connection's next subscription */
            hub_join *join; /* while it waits for its position */
            uint32_t slot;
            uint32_t skip; /* of the frames that wait in the part, how many came before it joined */
        };
        gcast_deferred deferred; /* afterwards */
    };
};

enum {
    SKIP_ALL = UINT32_MAX,    /* hub_sub.skip: waits for its position, and gets nothing meanwhile */
    SUB_POSITIONED = 1 << 15, /* hub_sub.flags: has one */
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

/* Any thread. The same; made as `how` says if need be. NULL: out of memory. */
hub_group *group_open(gcast_registry *registry, view name, const hub_delivery *how);

/* Any thread. Drops a hold. */
void group_release(hub_group *g);

/* The registry's on_release: frees a group that nobody can see any more. */
void group_on_release(gcast_entry *e, void *arg);

/* Owner of c. Adds c to the group `name`, which is made as opts->delivery says if need be. NULL: out of
 * memory. */
hub_sub *group_join(gcast_registry *registry, view name, const hub_sub_opts *opts, hub_conn *c);

/* Owner. */
void group_leave(hub_sub *s);

/* Any thread that has a hold, or is a member's owner: one more. */
void group_hold(hub_group *g);

/* Any thread, inside a read section: calls fn for every member there is. */
void group_each_rcu(hub_group *g, void (*fn)(void *arg, hub_sub *s), void *arg);

/* Any thread, inside a read section. */
uint32_t group_count_rcu(hub_group *g);

/* What a slot holds; NULL if it is empty. */
static inline hub_sub *slot_sub(uintptr_t slot)
{
    return (slot & 1) != 0 ? NULL : (hub_sub *)slot;
}

/* ---- tell.c: joins and leaves ---- */

/* frame.mark: for members with HUB_SUB_IS_TOLD only. */
enum { FRAME_FOR_THE_TOLD = 1 };

/* Is for all members. */
static inline bool frame_is_plain(const frame *f)
{
    return f->mark != FRAME_FOR_THE_TOLD;
}

/* Owner. s has just begun: tells those who are told, s itself too. */
void tell_join(const hub_sub *s);

/* Owner. group_leave(), and tells those who are told. */
void tell_leave(hub_sub *s);

/* ---- publish.c ---- */

/* The worker that orders what is sent to the members. */
hub_worker *group_home(hub *h, const hub_group *g);

/* The home worker, which holds the group: one frame to one part. Takes a reference of its own. `at`: as
 * for part_take(). */
void part_post(hub_part *p, frame *f, const hub_position *at);

/* ---- outbox.c: what a socket did not take ---- */

/* Owner. Appends the bytes of f from `from` on. false: out of memory, or over the limit: the
 * connection is doomed. */
bool outbox_append(hub_conn *c, frame *f, uint32_t from);
void outbox_free(hub_conn *c);

/* Owner. What is held back is written as soon as the socket takes it; harmless if nothing is. */
void outbox_unhold(hub_conn *c);

/* ---- due.c: what waits to be written ---- */

/* One thing that waits to be written to one connection. Its frame is kept by worker->held. */
typedef struct due {
    frame *frame;
    uint32_t next;  /* index of the connection's next one; 0: none */
    uint32_t parts; /* of what it is made: index in worker->held, plus 1; 0: it stays whole */
} due;

/* In one call, to one connection. */
enum { WRITE_FRAMES = 64 };

typedef struct write_batch write_batch;

typedef struct due_list {
    due *items; /* [0] is never used */
    uint32_t count;
    uint32_t cap;
} due_list;

/* Those of one worker: an entry in hub_sub.pace costs less there than a pointer. */
typedef struct pace_table {
    hub_pace **items; /* [0] is never used */
    uint32_t count;
    uint32_t cap;
    pace_lane *lanes;
    uint64_t due_ms; /* when the first of their intervals ends; UINT64_MAX: none */
} pace_table;

struct hub_worker {
    hub *hub;       /* const */
    unsigned index; /* const */
    void *wake_arg; /* const */
    mailbox mailbox;
    mailbox later; /* owner: its own letters, of what goes on in the next turn */
    metrics metrics;
    list waiting;         /* owner: parts with publications that no sweep has taken up */
    list gathering;       /* owner: parts whose publications wait for their flush interval to end */
    uint64_t gathered_ms; /* owner: when the first of those ends; UINT64_MAX: none */
    list serving;         /* owner: connections with something due, first come first served... */
    list dirty;           /* ...and those that have become so since the last sweep of everything */
    list doomed;          /* owner: connections to disconnect at the end of the turn */
    due_list due;         /* owner */
    frame_list held;      /* owner: kept until every connection that is due has been served */
    size_t held_bytes;    /* owner: of all of them */
    pace_table paces;     /* owner */
    write_batch *batch;   /* owner; NULL: each connection is written to by itself */
    buf scratch;          /* owner: messages are built here */
    buf topic;            /* owner: and their topics */
    buf body;             /* owner: publications are built here before they are kept */
    uint64_t now_ms;      /* owner: when this turn began */
    history history;      /* owner: the streams of the channels whose home it is */
    uint64_t sweep_ms;    /* owner: when old ones are looked for; UINT64_MAX: there are none */
    uint64_t trimmed;     /* owner: publications that the log knows to have given way */
    uint64_t asked;       /* owner: letters of its own that are to come back from home workers */
    list checks;          /* owner: tracks, the next to be checked first */
    list results;         /* owner: answers that may be asked for again, the oldest first */
    size_t result_bytes;  /* owner: what these cost */
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

/* Owner. A new item of worker->due; see struct due for `parts`. 0: out of memory. */
uint32_t worker_due_item(hub_worker *w, frame *f, uint32_t parts);

/* The same as conn_due() with the frame of an item that is nobody's, or in such chains of one. */
void conn_due_item(hub_conn *c, uint32_t item);

/* Owner. Writes all that is due to c, now; something is. */
void conn_serve(hub_conn *c);

/* Owner. Puts what was not written of `count` items from `at` on into c's outbox. */
void conn_keep_due(hub_conn *c, uint32_t at, int count, size_t written);

/* Owner. Forgets what is due to c. */
void conn_drop_due(hub_conn *c);

/* Owner. c is to be disconnected at the end of this turn. */
void conn_doom(hub_conn *c, uint32_t code);

/* ---- batch.c: writing to many connections at once ---- */

/* Owner. Writes what is due to c; something is. It may be written no sooner than worker_flush(): until
 * then nothing more may become due to c. */
void worker_serve(hub_worker *w, hub_conn *c);

/* Owner. After this everything is written that worker_serve() was told to. */
void worker_flush(hub_worker *w);

/* ---- sweep.c: from a worker's part of a channel to its members ---- */

/* Calls fn for every member, beginning at another one each time; it must not change them. Own slots:
 * nobody else writes them. */
void part_each(hub_part *p, void (*fn)(hub_sub *s, void *arg), void *arg);

/* Owner. One more publication for the members, whose number in the stream is `at` (offset 0: none);
 * takes over one reference. */
void part_take(hub_part *p, frame *f, const hub_position *at);

/* Any thread that holds the group: a publication for this part is lost for want of memory. */
void part_note_loss(hub_part *p);

/* Owner. Forgets what waits in the part: it has no members left. */
void part_drop_frames(hub_part *p);

/* Any thread. Has the loop call hub_worker_turn(). */
void worker_schedule(hub_worker *w);

/* ---- pace.c: subscriptions that want no more than the newest in each interval ---- */

void paces_init(pace_table *t);
void paces_fini(pace_table *t);

/* Owner. Before the subscription gets its first publication. false: out of memory. */
bool pace_open(hub_sub *s, uint32_t interval_ms);

/* Owner. Forgets what waits. Harmless without a pace. */
void pace_close(hub_sub *s);

/* Owner, in a turn: messages of the channel, in order, which the worker holds. Publications go out in
 * this turn or wait for the end of the interval. */
void pace_take(hub_sub *s, frame *const *frames, uint32_t count);

/* Owner: what waits for intervals that have ended by now_ms goes out. */
void paces_end_intervals(hub_worker *w, uint64_t now_ms);

/* ---- topic.c: which publications replace which ---- */

/* On the home worker. Gives f, the publication as it goes over the wire, its topic: the channel and
 * the value of the tag that is the key. Takes over f; NULL: out of memory. */
frame *topic_add(hub_worker *home, const hub_group *g, const publication *pub, frame *f);

/* ---- position.c: subscriptions that know where they are ---- */

/* The position of what is in no stream. */
extern const hub_position hub_nowhere;

/*
 * How far the positioned members of a part have come: all alike, for what reaches one reaches all. Its
 * part's owner uses it, but for what is home's while a check is on its way.
 */
struct hub_track {
    hub_part *part;       /* const */
    uint64_t meta_ttl_ms; /* of the channel */
    uint32_t members;     /* positioned ones */
    bool checking;        /* the letter is on its way */
    hub_position at;      /* where they are, if there are any */
    list due;             /* in worker->checks while there are members */
    uint64_t due_ms;      /* when to check */
    struct {              /* owner, then home's, then the owner's again */
        letter letter;
        uint64_t meta_ttl_ms;
        hub_position found;
    } check;
};

/* Owner. A publication has reached the part. false: one before it has not. */
bool track_follow(hub_track *t, const hub_position *at);

/* Owner. The positioned members have missed something: their subscriptions end. */
void track_lost(hub_track *t);

/* Owner. A positioned member leaves. */
void track_leave(hub_track *t);

/* Owner. A subscription of c ended while its position was being asked for. */
void join_ended(hub_join *j, hub_conn *c);

/* Owner. Asks the home workers of those tracks whose check is due. */
void tracks_check(hub_worker *w);
uint64_t tracks_due_ms(const hub_worker *w);

/* ---- home.c: the streams of the channels whose home a worker is ---- */

struct hub_stream {
    stream stream;
    hub_group *group; /* held */
};

/* Home. The group's stream, made if need be, as it is now. NULL: out of memory. */
stream *home_stream(hub_group *g, uint64_t meta_ttl_ms);

static inline hub_position home_position(const stream *s)
{
    return (hub_position){.offset = s->top, .epoch = s->epoch};
}

/* On the asker's thread. Posts a letter to the group's home that will come back. */
void home_ask(hub_worker *asker, const hub_group *g, letter *l);

/* On the asker's thread. It has come back. */
static inline void home_answered(hub_worker *asker)
{
    asker->asked--;
}

/* Home. After a stream may have grown: forgets what there is no room for. Streams may be gone. */
void home_settle(hub_worker *w);

/* Home. Now and then: drops what has expired. */
void home_sweep(hub_worker *w);

/* After the worker's thread has ended. Forgets all. */
void home_close(hub_worker *w);

/* ---- results.c: what became of publications that may be repeated ---- */

/* Home. false: there is none by that key. */
bool result_find(hub_worker *w, view channel, view key, hub_position *at);

/* Home. Out of memory: counted, and a repetition will be published. */
void result_keep(hub_worker *w, view channel, view key, const hub_position *at);

/* Home. Forgets those that are too old; all of them. */
void results_sweep(hub_worker *w);
void results_close(hub_worker *w);
void result_on_release(gcast_entry *e, void *arg);

/* ---- hub.c ---- */

struct hub {
    hub_opts opts;
    gcast_registry *conns;    /* by id */
    gcast_registry *channels; /* by name */
    gcast_registry *users;    /* by user id */
    gcast_registry *results; /* by channel and idempotency key; each used by one home worker only */
    hub_worker *workers;
    metrics outside;     /* atomic: what threads that are no workers count */
    gcasti_seed seed;    /* const: of topic hashes */
    uint64_t id_tag;     /* const: marks this process in client ids */
    uint64_t id_key;     /* const: hides the sequence of ids */
    uint64_t id_inverse; /* const */
};

/* The worker whose thread this is; NULL on other threads. */
hub_worker *hub_self(void);

/* Entries visited in one read section of a traversal: a long section delays every reclamation in the
 * process. */
enum { SECTION_STEPS = 512 };

/* ---- conn.c ---- */

/* Owner. Begins a subscription. *err: GCAST_EEXIST or GCAST_ENOMEM if NULL is returned. */
hub_sub *conn_subscribe(hub_conn *c, view channel, const hub_sub_opts *opts, gcast_err *err);

/* The registry's on_release: no reader can see the connection any more. */
void conn_on_release(gcast_entry *e, void *arg);

/* ---- client_id.c ---- */

void client_id_setup(hub *h);
hub_client_id client_id_format(const hub *h, uint64_t id);
/* false: not an id of this process. */
bool client_id_parse(const hub *h, view text, uint64_t *id);

#endif
