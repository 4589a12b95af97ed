/* SPDX-License-Identifier: MIT */
/*
 * The hub: who is connected, who listens to what, and how a publication reaches them.
 *
 * Words
 *   worker        one thread with its event loop; owns the connections it accepted
 *   connection    one client (struct hub_conn, embedded in whatever the transport has for it)
 *   group         a named set of connections: the subscribers of a channel, or the connections of
 *                 one user
 *   home worker   the one worker that puts the publications of a channel in order, chosen by its
 *                 name
 *
 * Threads. Everything of a connection is done by the worker that owns it. Any thread that has
 * called hub_thread_enter() may publish, post errands and ask for figures: it reads the registries
 * and the groups under RCU, waiting for nobody, and reaches the owners through their mailboxes. A
 * function that says "owner" must run on the worker that owns its argument.
 *
 * The hub knows neither sockets nor event loops: it writes through a struct hub_sink.
 */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include <gracecast/registry.h>

#include "buf.h"
#include "frame.h"
#include "list.h"
#include "mailbox.h"
#include "metrics.h"
#include "reply.h"
#include "view.h"

typedef struct hub hub;
typedef struct hub_worker hub_worker;
typedef struct hub_sub hub_sub;
typedef struct hub_group hub_group;
typedef struct hub_part hub_part;
typedef struct hub_join hub_join;
typedef struct hub_info hub_info;
typedef struct hub_outbox hub_outbox;

/* ---- a connection ---- */

enum { HUB_CLIENT_ID_LEN = 36 };

/* The text form of a connection's id, a UUID. */
typedef struct hub_client_id {
    char text[HUB_CLIENT_ID_LEN + 1];
} hub_client_id;

typedef struct hub_conn {
    gcast_entry entry;  /* rcu: in the registry from hub_conn_join() on */
    hub_worker *worker; /* const: the owner */
    list dirty;         /* owner: in the worker's list while something waits to be written */
    uint32_t due_first; /* owner: what waits, a chain through the worker's due list; 0: nothing */
    uint32_t due_last;
    hub_sub *subs;              /* owner: its subscriptions */
    _Atomic(hub_sub *) x_user;  /* owner writes before joining; its place in the user's group */
    _Atomic(hub_info *) x_info; /* rcu: owner writes; what others are told of it; NULL: nothing */
    hub_outbox *outbox;         /* owner: what the socket did not take; NULL: nothing */
    uint16_t sub_count;         /* owner */
    uint16_t doom_code; /* owner: to be disconnected with this at the end of the turn; 0: no */
    bool has_user;      /* const once joined */
    bool joined;        /* owner: is, or was, in the registry */
    bool closing;       /* owner: takes nothing more */
    bool patient;       /* owner: has listened where only the newest counts: may be slow */
    letter farewell;    /* rcu: posted to the owner after the grace period */
} hub_conn;

enum { HUB_WRITES = 128 };

/* One of many writes. */
typedef struct hub_write {
    hub_conn *conn;
    const struct iovec *iov;
    int count;
    ssize_t written; /* out: what hub_sink.write would have returned */
} hub_write;

/* What a transport does for the hub; all on the owner's thread. */
typedef struct hub_sink {
    /* Writes what the socket takes now. Returns the bytes written, 0 when it takes none, -1 when it
     * is broken (the transport then closes it later, not from inside this call). */
    ssize_t (*write)(hub_conn *c, const struct iovec *iov, int count);
    /* Does up to HUB_WRITES writes, each to another connection of one worker, whose wake_arg is `arg`.
     * Only for workers that hub_worker_write_many() was called for. */
    void (*write_many)(void *arg, hub_write *writes, unsigned count);
    /* on: call hub_conn_writable() once the socket takes more. */
    void (*want_write)(hub_conn *c, bool on);
    /* Only the newest counts for c from now on: what waits should wait here, where it can still be
     * replaced. Once a connection. */
    void (*hold_little)(hub_conn *c);
    /* The client must go: hub_conn_leave() has been called, everything queued stays queued. */
    void (*disconnect)(hub_conn *c, uint32_t code, view reason);
    /* Nobody can see c any more: free it. Called once per connection that had joined, in answer to
     * hub_conn_release(), after a grace period and after every letter that could name it. */
    void (*released)(hub_conn *c);
    /* A message as it goes over the wire, with one reference; NULL: out of memory. */
    frame *(*frame)(view message);
    /* The length of the first message in `framed`, which frame() made one after the other. */
    size_t (*message_len)(view framed);
    /* What c waits for by time has come nearer. */
    void (*hasten)(hub_conn *c);
    /* The worker has work for hub_worker_turn(). Any thread. */
    void (*wake)(void *arg);
} hub_sink;

/* ---- life of the hub ---- */

typedef struct hub_opts {
    unsigned workers;
    size_t queue_max_bytes;     /* of one connection; over it 3008 */
    uint64_t history_max_bytes; /* of all streams; 0: any */
    uint64_t
        position_check_ms; /* between checks of one worker's subscribers of a channel; 0: none */
    const hub_sink *sink;
} hub_opts;

/* NULL: out of memory. Blocks signals around the start of liburcu's threads, so that these never
 * take one. */
hub *hub_new(const hub_opts *opts);

/* After every worker's thread has ended and every connection was released. Waits for grace periods.
 */
void hub_free(hub *h);

/* Waits until every release that was due when it was called has run; the letters that these post
 * may still be unopened. Not on a worker's thread, nor inside a read section. */
void hub_barrier(hub *h);

/* Around everything else here, once a thread. */
void hub_thread_enter(hub *h);
void hub_thread_leave(hub *h);

/* `wake_arg` is handed to sink->wake. Before the worker's thread starts. */
hub_worker *hub_worker_init(hub *h, unsigned index, void *wake_arg);

/* Publications are written with sink->write_many from now on. Before the worker's thread starts. false:
 * out of memory. */
bool hub_worker_write_many(hub_worker *w);

/* The thread that calls is w's from now on; NULL: nobody's. */
void hub_worker_bind(hub_worker *w);

/* true: this thread is w's. */
bool hub_worker_is_here(const hub_worker *w);
metrics *hub_worker_metrics(hub_worker *w);
mailbox *hub_worker_mailbox(hub_worker *w);

/*
 * Owner: one turn of work: opens letters, collects what is due and writes a slice of it. true: more
 * is waiting; come back after the loop has looked at its sockets.
 */
bool hub_worker_turn(hub_worker *w, uint64_t now_ms);

/* Owner, not inside a turn: sends all publications that have come to the worker, without waiting for any
 * interval to end. As long as it takes: it is for the end. */
void hub_worker_settle(hub_worker *w, uint64_t now_ms);

/* Owner: what the turn that runs, or ran last, was told. */
uint64_t hub_worker_now_ms(const hub_worker *w);

/* Owner: when the next turn must come at the latest, by the monotonic clock; UINT64_MAX: only when
 * the worker is woken. */
uint64_t hub_worker_due_ms(const hub_worker *w);

/* Owner. true: it has asked home workers for something that has not been answered yet. Its thread must
 * not end before that. */
bool hub_worker_waits(const hub_worker *w);

/* ---- connections ---- */

/* Owner. Gives it an id that is never used again in this process. */
void hub_conn_init(hub_conn *c, hub_worker *w);

/* Owner. Makes it findable by id and, unless `user` is empty, by user. `info` is raw JSON that others
 * are told of it, or empty; copied. After a failure the only way is hub_conn_leave(). */
gcast_err hub_conn_join(hub_conn *c, view user, view info);

/* Owner. Ends its subscriptions and makes it unfindable. Idempotent. Letters on their way may
 * still name it. What waits for it can still be written, unless it was to be disconnected in any case: then
 * that is forgotten, and the caller may say why it ends. */
void hub_conn_leave(hub_conn *c);

/* Owner. After hub_conn_leave(), and when the transport is done with it: sink->released() follows,
 * at once for a connection that never joined. */
void hub_conn_release(hub_conn *c);

hub_client_id hub_conn_client_id(const hub_conn *c);

/* The user it joined with, empty for none. Owner, or any thread inside a read section. */
view hub_conn_user(const hub_conn *c);

/* What others are told of it, empty for nothing. Owner, or any thread inside a read section. */
view hub_conn_info(const hub_conn *c);

/* What others are told of c and of its subscription s; NULL: of none. Views last as long as those of
 * hub_conn_user() and as *id, which takes the client's id. Owner, or any thread inside a read section. */
client_info hub_client_info(const hub_conn *c, const hub_sub *s, hub_client_id *id);

/* Owner. Replaces that. GCAST_ENOMEM: it stays as it was. */
gcast_err hub_conn_set_info(hub_conn *c, view info);

/* Owner. Sends bytes that are framed already, after everything that waits for c. Copies what the
 * socket does not take. */
void hub_conn_send(hub_conn *c, view bytes);

/* Owner. The same without a copy: keeps a reference of its own to what the socket does not take. */
void hub_conn_send_frame(hub_conn *c, frame *f);

/* Owner. From now on nothing is written to c: all that is sent waits, bounded as ever. false: out of
 * memory, nothing has changed. */
bool hub_conn_hold(hub_conn *c);

/* Owner of c, which is held. Writes `first`, and then what has waited. hub_conn_leave() does the same
 * without a first. */
void hub_conn_unhold(hub_conn *c, frame *first);

/* Owner. The socket takes more. */
void hub_conn_writable(hub_conn *c);

/* Owner. Bytes that the socket has not taken yet. */
size_t hub_conn_queued(const hub_conn *c);

/* Owner. When the socket last took something while more was waiting; 0: nothing waits, or only the
 * newest counts for c, which then has all the time it needs. */
uint64_t hub_conn_stalled_since_ms(const hub_conn *c);

/* Owner. Forgets what is queued, but for the frame that is half on the wire. */
void hub_conn_drop_queue(hub_conn *c);

/* ---- channels ---- */

/* How publications of a channel go out. What its first subscriber says holds for all of them; zeroed
 * or NULL: each at once. */
typedef struct hub_delivery {
    uint32_t flush_ms; /* they are gathered for at most this long; 0: sent at once */
    bool latest;  /* of those that wait for a connection, only the newest of each key matters */
    view key_tag; /* the tag that is the key; empty: one key */
} hub_delivery;

enum {
    HUB_SUB_SERVER_SIDE = 1 << 0, /* the server's own wish: the client cannot end it */
    HUB_SUB_TELLS = 1 << 1,       /* others are told when it begins and ends */
    HUB_SUB_IS_TOLD = 1 << 2,     /* its client is told when those of others begin and end */
    HUB_SUB_FROM_TOKEN = 1 << 3,  /* the wish stood in the token of the connection */
    HUB_SUB_IS_HIDDEN = 1 << 4,   /* roll calls do not name it */
};

/* What a subscription is beyond its channel. Zeroed or NULL: nothing special. */
typedef struct hub_sub_opts {
    hub_delivery delivery;
    view info;             /* raw JSON that others are told of it; copied */
    uint64_t expires_at_s; /* monotonic clock; 0: never. Only kept here */
    uint32_t flags;        /* HUB_SUB_... */
    uint32_t interval_ms;  /* in each such time the newest of each key goes out once; 0: all do.
                            * Without delivery.latest there is one key */
} hub_sub_opts;

/* Owner. GCAST_EEXIST: subscribed already. From the return on, what is published reaches c. */
gcast_err hub_subscribe(hub_conn *c, view channel, const hub_sub_opts *opts);

/* Owner. GCAST_ENOENT: was not subscribed. */
gcast_err hub_unsubscribe(hub_conn *c, view channel);

/* Owner. Ends a subscription, if there is one, and tells the client. */
void hub_end_subscription(hub_conn *c, view channel, uint32_t code, view reason);

bool hub_is_subscribed(const hub_conn *c, view channel);

/* Owner. The subscription, good until it ends; NULL: there is none. */
hub_sub *hub_sub_find(const hub_conn *c, view channel);

/* Owner. c's subscriptions one after the other, the latest first; begin with NULL. NULL: no more. */
hub_sub *hub_sub_next(const hub_conn *c, const hub_sub *s);

/* Owner, or any thread inside a read section. */
view hub_sub_channel(const hub_sub *s);
view hub_sub_info(const hub_sub *s);

/* Owner. */
uint32_t hub_sub_flags(const hub_sub *s);
uint64_t hub_sub_expires_at_s(const hub_sub *s);

/* Owner. Replaces both. GCAST_ENOMEM: they stay as they were. */
gcast_err hub_sub_refresh(hub_sub *s, view info, uint64_t expires_at_s);

/* Any thread. Copies what it needs. GCAST_ENOMEM or GCAST_OK, also when nobody listens. */
gcast_err hub_publish(hub *h, view channel, const publication *pub);

/* Any thread. Calls fn for every channel with subscribers, inside read sections: fn must not
 * block. */
void hub_each_channel(hub *h, void (*fn)(void *arg, view channel, uint32_t clients), void *arg);

/* ---- roll calls: who is in a channel ---- */

typedef struct hub_roll hub_roll;

typedef struct hub_channel_stats {
    uint32_t clients;
    uint32_t users; /* distinct; all connections without a user count as one */
} hub_channel_stats;

/* Any thread; everything else with the roll on the same one. with_names: not only the numbers. NULL: out
 * of memory. */
hub_roll *hub_roll_new(hub *h, view channel, bool with_names);

/*
 * Reads the channel's members: all of them if they are few, or if the thread is no worker's; else some
 * now and the others in later turns of the worker.
 *
 * returns  true: it is complete. false: done(arg) is called when it is, unless hub_roll_free() comes
 * first.
 *
 * Who is subscribed all the time is there once; of those who come or go meanwhile some are. A client
 * that goes and comes back may be there twice.
 */
bool hub_roll_call(hub_roll *r, void (*done)(void *arg), void *arg);

/* Of a complete one. true: out of memory, the rest means nothing. */
bool hub_roll_failed(const hub_roll *r);

/* Of a complete one. */
hub_channel_stats hub_roll_stats(const hub_roll *r);

/* Of a complete one with names: a JSON object, client id -> info. Good as long as r. */
view hub_roll_names(const hub_roll *r);

/* At any time. */
void hub_roll_free(hub_roll *r);

/* ---- errands: something to be done with chosen connections, by their owners ---- */

typedef struct hub_select {
    view client;           /* this client id; empty: any */
    view user;             /* this user's connections; see any_user */
    bool any_user;         /* do not look at the user */
    const view *whitelist; /* client ids to spare */
    size_t whitelist_count;
} hub_select;

/* Any thread. Each returns the number of connections it was sent to, or GCAST_ENOMEM; they may be
 * gone when it arrives. */
int64_t hub_send_message(hub *h, const hub_select *who, view data);
int64_t hub_disconnect(hub *h, const hub_select *who, uint32_t code, view reason);
/* An empty channel: every channel. */
int64_t hub_end_subscriptions(hub *h, const hub_select *who, view channel, uint32_t code,
                              view reason);

/* Something else to do with each of them; the first member of what it needs for that. */
typedef struct hub_deed {
    void (*run)(const struct hub_deed *d, hub_conn *c); /* owner of c, which is not closing */
    void (*free)(struct hub_deed *d);                   /* any thread: all is done */
} hub_deed;

/* Takes over d, also when it fails. NULL: out of memory, as the caller was. Else as above. */
int64_t hub_do(hub *h, const hub_select *who, hub_deed *d);

/* ---- figures ---- */

typedef struct hub_figures {
    uint64_t clients;
    uint64_t users; /* distinct; all clients without a user count as one */
    uint64_t channels;
    uint64_t subscriptions;
} hub_figures;

/* Any thread. */
hub_figures hub_count(hub *h);
void hub_metrics(hub *h, metrics *sum);

/* What threads that are no workers count in, each by an atomic addition. */
metrics *hub_metrics_outside(hub *h);

#endif
