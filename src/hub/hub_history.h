/* SPDX-License-Identifier: MIT */
/*
 * Channels that remember: publications are numbered and kept by the channel's home worker, so that
 * clients can ask for them, and come back without having missed any.
 *
 * Every channel has at most one stream (stream.h), which its home worker alone touches. Whoever wants
 * something of it says so in a letter to the home worker, and is answered by a letter.
 */
#ifndef HUB_HUB_HISTORY_H
#define HUB_HUB_HISTORY_H

#include "hub.h"
#include "stream.h"

/* Where a stream stands. */
typedef struct hub_position {
    uint64_t offset;
    stream_epoch epoch; /* all NUL: no stream */
} hub_position;

static inline bool hub_position_eq(const hub_position *a, const hub_position *b)
{
    return a->offset == b->offset && memcmp(&a->epoch, &b->epoch, sizeof a->epoch) == 0;
}

/* The epoch, empty if there is no stream; good as long as *at. */
static inline view hub_position_epoch(const hub_position *at)
{
    return at->epoch.text[0] == '\0' ? (view){0} : stream_epoch_view(&at->epoch);
}

/* ---- publishing ---- */

/* Tells what became of a publication. err: GCAST_OK, or GCAST_ENOMEM: it was not published. `at`: its
 * own position; that of the first one for a repetition; the top for one whose version is not new; no
 * stream for a channel that keeps nothing. */
typedef void hub_published_fn(void *arg, gcast_err err, const hub_position *at);

/* Zeroed: as hub_publish(). */
typedef struct hub_publish_opts {
    hub_delivery delivery; /* if the channel has to be made */
    stream_limits keep;
    view idempotency_key; /* published once in five minutes; empty: always */
    view version_epoch;   /* of pub->version, which counts only where publications are kept */
    hub_published_fn *published; /* called once, later, if GCAST_OK was returned; NULL: not */
    void *arg;
} hub_publish_opts;

/* Any thread; with opts->published a worker's, which is the one it is called on. Copies what it needs.
 * GCAST_ENOMEM: was not published. */
gcast_err hub_publish_opt(hub *h, view channel, const publication *pub,
                          const hub_publish_opts *opts);

/* ---- subscribing at a known position ---- */

typedef struct hub_joined {
    bool failed;       /* out of memory: there is no position; the caller ends the subscription */
    hub_position top;  /* everything up to here has been published before, all after it will come */
    bool recovered;    /* publications hold all that was missed */
    view publications; /* JSON array of those after `since`, if recovered; empty: none */
} hub_joined;

/*
 * A subscription that waits for its position. From malloc(), perhaps at the beginning of something
 * larger; the hub frees it, if hub_subscribe_positioned() returned GCAST_OK. The first group of members
 * is the caller's to set.
 */
typedef struct hub_join {
    uint64_t meta_ttl_ms; /* as stream_limits has it */
    bool recover;         /* wants what came after `since` */
    bool latest;          /* the last publication is all that matters */
    uint32_t limit;       /* recover no more than so many */
    uint64_t since;
    bool any_epoch;     /* `since` counts in whatever epoch it is */
    stream_epoch epoch; /* of `since` */
    /* Owner. Called once, unless c has left: the position is there, and everything that the channel's
     * subscribers get follows from now on. NULL: the subscription has ended before that. */
    void (*joined)(struct hub_join *j, hub_conn *c, const hub_joined *result);

    letter letter;
    hub_group *group;  /* const: held */
    hub_part *part;    /* const */
    hub_sub *sub;      /* owner: NULL once it has ended */
    uint16_t tells;    /* owner: HUB_SUB_TELLS if others are told as it begins */
    bool answered;     /* owner */
    hub_joined result; /* home's, then the owner's */
    buf publications;
} hub_join;

/* Sets what `since` names: an empty epoch is any, and one that cannot be is none. */
void hub_join_since(hub_join *j, uint64_t offset, view epoch);

/*
 * Owner. As hub_subscribe(), but nothing reaches c before j->joined(): then c has, with what it is
 * told there, every publication exactly once. From then on c's subscription ends with
 * UNSUBSCRIBE_INSUFFICIENT_STATE (or, server-side, the connection with the like) as soon as it is
 * known that one was lost.
 *
 * GCAST_EEXIST, GCAST_ENOMEM: j is still the caller's.
 */
gcast_err hub_subscribe_positioned(hub_conn *c, view channel, const hub_sub_opts *opts,
                                   hub_join *j);

/* ---- asking ---- */

typedef struct hub_history_request {
    hub_delivery delivery; /* if the channel has to be made */
    uint64_t meta_ttl_ms;  /* as stream_limits has it */
    stream_range range;
    view epoch; /* of range.since; empty: any */
} hub_history_request;

/* err: GCAST_OK; GCAST_ENOENT: the epoch is another one; GCAST_ENOMEM. `publications` is a JSON
 * array, good during the call. */
typedef void hub_history_fn(void *arg, gcast_err err, const hub_position *top, view publications);

/* A worker's thread, on which fn is called later, once, if GCAST_OK was returned. GCAST_ENOMEM. */
gcast_err hub_history(hub *h, view channel, const hub_history_request *rq, hub_history_fn *fn,
                      void *arg);

/* Any thread. Publications are dropped, the position stays. Whoever asks after the return sees it so.
 * GCAST_ENOMEM. */
gcast_err hub_history_remove(hub *h, view channel);

#endif
