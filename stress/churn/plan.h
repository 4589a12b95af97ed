/* SPDX-License-Identifier: MIT */
/*
 * What to do: the phases and the settings of a run, from a scenario file and the command line.
 * Complete before any work begins and not changed afterwards.
 */
#ifndef CHURN_PLAN_H
#define CHURN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "view.h"

enum {
    PLAN_MAX_PHASES = 32,
    PLAN_NAME_MAX = 64,
    PLAN_MAX_CONNECTIONS = 1000000,
    PLAN_MAX_CHANNELS = 1000000,
    PLAN_MAX_PER_CONNECTION = 128, /* what Centrifugo allows by default */
};

/* How a connection of the activity `churn` ends. */
typedef enum plan_manner {
    MANNER_CLEAN,  /* subscribes, stays, closes by the protocol */
    MANNER_RESET,  /* subscribes, stays, ends in a TCP reset */
    MANNER_VANISH, /* subscribes, then neither reads nor answers any more */
    MANNER_STALL,  /* sends half a handshake and no more */
    MANNER_IDLE,   /* connects, subscribes to nothing, closes by the protocol */
    MANNER_COUNT,
} plan_manner;

typedef struct plan_ramp {
    uint32_t connections; /* steady ones when the phase is over */
    double rate;          /* per second */
} plan_ramp;

typedef struct plan_churn {
    double rate; /* new connections per second */
    uint32_t stay_ms;
    uint32_t hold_ms;           /* how long those that vanish or stall keep their descriptor */
    uint32_t mix[MANNER_COUNT]; /* shares, in any unit */
} plan_churn;

typedef struct plan_resubscribe {
    double rate; /* unsubscribe and subscribe again, per second */
} plan_resubscribe;

typedef struct plan_broadcast {
    double rate; /* publications per second in all */
    double hz;   /* or per channel; one of the two is 0 */
    uint32_t size;
} plan_broadcast;

typedef struct plan_slow {
    double share;         /* of the steady connections, 0..1 */
    uint64_t bytes_per_s; /* 0: they do not read at all */
} plan_slow;

typedef struct plan_storm {
    bool restart; /* of the server; else only the connections are cut */
    double rate;  /* reconnects per second; 0: all at once */
    uint32_t within_ms;
} plan_storm;

typedef struct plan_drain {
    double rate; /* closes per second; 0: all at once */
} plan_drain;

/* What happens at the same time in a phase. */
typedef enum plan_activity {
    ACT_HOLD,
    ACT_RAMP,
    ACT_CHURN,
    ACT_RESUBSCRIBE,
    ACT_BROADCAST,
    ACT_SLOW,
    ACT_STORM,
    ACT_SETTLE, /* waits for what is in flight; the plan puts it in by itself */
    ACT_DRAIN,
    ACT_COUNT,
} plan_activity;

typedef struct plan_phase {
    char name[PLAN_NAME_MAX];
    uint32_t for_ms; /* 0: over when ramp, storm, settle and drain are */
    bool has[ACT_COUNT];
    plan_ramp ramp;
    plan_churn churn;
    plan_resubscribe resubscribe;
    plan_broadcast broadcast;
    plan_slow slow;
    plan_storm storm;
    plan_drain drain;
} plan_phase;

typedef enum plan_protocol {
    PROTOCOL_CENTRIFUGO,
    PROTOCOL_RAW,
} plan_protocol;

/* Where publications are put in. */
typedef enum plan_publish {
    PUBLISH_AUTO, /* http with an API key or URL, else client */
    PUBLISH_HTTP,
    PUBLISH_CLIENT,
} plan_publish;

/* Who gets what a raw server is sent. */
typedef enum plan_raw {
    RAW_COUNT,     /* unknown: messages are counted, nothing is verified */
    RAW_BROADCAST, /* everybody */
    RAW_ECHO,      /* the sender alone */
} plan_raw;

/* Limits that make the run fail when they are passed. NAN: not asked for. */
#define PLAN_GATE_MAP(X)                                                                        \
    X(MAX_LOST, "max-lost", 0, "publications that never came")                                  \
    X(MAX_DUPLICATED, "max-duplicated", 0, "publications that came again")                      \
    X(MAX_REORDERED, "max-reordered", 0, "publications that came late, after a newer one")      \
    X(MAX_STRAY, "max-stray", 0, "publications of channels not subscribed to")                  \
    X(MAX_CLOSES, "max-closes", 0, "connections that the server ended unasked")                 \
    X(MAX_FAILURES, "max-failures", 0, "connections or subscriptions that did not come about")  \
    X(MAX_UNPUBLISHED, "max-unpublished", 0, "publications that the server did not accept")     \
    X(MAX_LEFT_BEHIND, "max-left-behind", 0, "connections the server still counts after drain") \
    X(MAX_NOT_BACK, "max-not-back", 0, "connections not back in time after a storm")            \
    X(MAX_UNRECOVERED, "max-unrecovered", NAN, "subscriptions that could not be recovered")     \
    X(MAX_P50, "max-p50", NAN, "median delivery latency, ms")                                   \
    X(MAX_P99, "max-p99", NAN, "99th percentile of delivery latency, ms")                       \
    X(MAX_P999, "max-p999", NAN, "99.9th percentile of delivery latency, ms")                   \
    X(MAX_CONNECT_P99, "max-connect-p99", NAN, "99th percentile of connect latency, ms")        \
    X(MAX_SUBSCRIBE_P99, "max-subscribe-p99", NAN, "99th percentile of subscribe latency, ms")  \
    X(MIN_CONNECT_RATE, "min-connect-rate", NAN, "connects per second in every churn phase")    \
    X(MIN_DELIVERIES, "min-deliveries", NAN, "publications that arrived")

typedef enum plan_gate {
#define X(id, name, standard, text) GATE_##id,
    PLAN_GATE_MAP(X)
#undef X
        GATE_COUNT,
} plan_gate;

const char *plan_gate_name(plan_gate gate);
const char *plan_gate_text(plan_gate gate);

typedef struct plan {
    char name[PLAN_NAME_MAX];
    plan_protocol protocol;
    plan_publish publish;
    plan_raw raw;
    char *raw_send; /* text to send on connect, or NULL */
    char *token;    /* connection token, or NULL */
    uint32_t channels;
    uint32_t per_connection; /* channels that each connection subscribes to */
    char *channel_prefix;
    bool conflated;      /* channels may leave out all but the newest publication */
    bool recover;        /* ask for recovery, and hold the server to it */
    uint32_t timeout_ms; /* of a handshake, an answer, a close */
    uint32_t settle_ms;  /* how late a publication may be before it is lost */
    uint32_t max_connections;
    uint32_t max_time_s;
    uint32_t publishers; /* HTTP connections to publish by */
    double gates[GATE_COUNT];
    plan_phase phases[PLAN_MAX_PHASES];
    size_t phase_count;
} plan;

/* Zeroed memory becomes a plan with the standard settings and no phases. false: out of memory. */
bool plan_init(plan *p);
void plan_fini(plan *p);

/*
 * Each of these takes a setting by its name, in the spelling that files and command line share, and
 * appends a one-line message to `errors` where it makes no sense.
 */
bool plan_set(plan *p, view key, view value, buf *errors);
bool plan_set_gate(plan *p, view name, view value, buf *errors);

/* Adds a phase; NULL with a message when there are too many. */
plan_phase *plan_add_phase(plan *p, buf *errors);
bool plan_phase_set(plan_phase *phase, view activity, view key, view value, buf *errors);

/* An activity without settings of its own, and the two settings of a phase as a whole: `for` and
 * `name`. */
bool plan_phase_begin(plan_phase *phase, view activity, buf *errors);
bool plan_phase_option(plan_phase *phase, view key, view value, buf *errors);

/* A phase as on the command line: "churn:rate=1000,stay=1s+broadcast:hz=10,for=30s". */
bool plan_parse_phase(plan *p, view text, buf *errors);

/* Checks the whole, puts in the waits for what is in flight. */
bool plan_complete(plan *p, buf *errors);

/* The highest number of connections at a time, and whether any phase does `activity`. */
uint32_t plan_peak(const plan *p);
bool plan_does(const plan *p, plan_activity activity);

#endif
