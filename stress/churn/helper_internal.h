/* SPDX-License-Identifier: MIT */
/*
 * Inside a helper: connections, subscriptions, and who does what with them. For helper.c, conn.c,
 * speak.c, verify.c, courier.c, activity.c. One thread.
 */
#ifndef CHURN_HELPER_INTERNAL_H
#define CHURN_HELPER_INTERNAL_H

#include "buf.h"
#include "check.h"
#include "clock.h"
#include "helper.h"
#include "pace.h"
#include "stamp.h"
#include "wheel.h"

enum {
    IN_SIZE = 1 << 20, /* read buffer, shared by all connections; a larger frame is refused */
    TIMER_TICK_MS = 4, /* so fine that connections due at different instants do not fire together */
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 2000,
    KIND_STEADY = MANNER_COUNT, /* the kinds of connections: the manners of churn and these */
    KIND_PUBLISHER,
    EVENT_COURIER = 1U << 31, /* as the index in an epoll event: a courier, not a connection */
    EPOCH_MAX = 32,
    MAX_EPOCHS = 64, /* different ones that are remembered; more cannot be recovered from */
};

typedef enum conn_state {
    CONN_FREE,
    CONN_WAITING,   /* to dial again */
    CONN_DIALLING,  /* TCP */
    CONN_UPGRADING, /* HTTP */
    CONN_GREETING,  /* the connect command */
    CONN_OPEN,
    CONN_CLOSING, /* our close frame is out */
    CONN_HELD,    /* a handshake that is never finished */
} conn_state;

typedef enum sub_state {
    SUB_OFF,
    SUB_ASKED,
    SUB_ON,
    SUB_LEAVING,
} sub_state;

typedef struct sub {
    check check;
    uint64_t asked_ns;
    uint64_t offset; /* of the last publication, for recovery */
    uint8_t state;
    bool recoverable;
    uint16_t epoch; /* index into helper.epochs */
} sub;

typedef struct conn {
    int fd;
    uint32_t generation; /* grows with every use of this place: an old event is recognised by it */
    uint8_t state;
    uint8_t kind;
    uint8_t attempts;
    bool counted; /* among the steady ones that are ready */
    bool slow;
    bool mute;        /* neither reads nor answers any more */
    bool wants_pong;  /* the server asks for answers to its pings */
    bool was_slow;    /* the server may still cut it off for that */
    uint16_t pending; /* answers to subscribe and unsubscribe that are awaited */
    uint16_t courier;
    uint32_t commands;
    uint32_t tail_len;
    uint32_t unsent_len;
    uint64_t serial; /* decides the source address and the channels */
    uint64_t due_ns; /* when the connection should have been begun */
    uint64_t opened_ns;
    uint64_t late_until_ns; /* publications due before are no measure of the server's speed */
    char *tail;             /* the part of a frame that has come */
    char *unsent;
    wheel_item timer;
} conn;

typedef struct courier courier;

typedef struct helper {
    helper_opts opts;
    const plan *plan;
    shared *shared;
    tally *tally;
    int epoll_fd;
    uint32_t capacity;
    conn *conns;
    sub *subs; /* plan->per_connection for each connection */
    uint32_t *free_places;
    uint32_t free_count;
    uint64_t next_serial;
    uint32_t steady_wanted;
    wheel wheel;
    uint64_t now_ns; /* read once per turn and before each batch of messages */
    char *in;
    buf out;     /* the text to be sent next */
    buf upgrade; /* the HTTP request of every handshake */
    char accept[32];
    char epochs[MAX_EPOCHS][EPOCH_MAX];
    uint32_t random;

    /* publishing */
    courier *couriers;
    uint32_t courier_count;
    uint32_t next_channel; /* or, when each sends to itself, the next connection */
    uint64_t *accepted;    /* highest number confirmed, for each channel */
    uint64_t held_up_ns;   /* when publishing was last impossible */
    uint64_t rotate_ns;    /* when `recent` becomes `settled` */
    char *payload;

    /* the phase */
    uint64_t phase;
    const plan_phase *doing;
    uint64_t phase_ns;
    uint64_t ready_ns; /* storm: since when everybody is back; 0: not */
    uint64_t restart_ns;
    uint64_t restarts_before;
    bool reported;
    bool storming;
    uint32_t drained; /* connections that the drain has looked at */
    pace ramp, leave, churn, resubscribe, publish, drain;
} helper;

/* The share of one helper of something that all do together. */
static inline uint32_t helper_share(const helper *h, uint32_t all)
{
    return all / h->opts.count + (h->opts.index < all % h->opts.count ? 1 : 0);
}

static inline sub *helper_subs(helper *h, const conn *c)
{
    return &h->subs[(size_t)(c - h->conns) * h->plan->per_connection];
}

/* The channel of a connection's subscription number `slot`. */
static inline uint32_t helper_channel(const helper *h, const conn *c, uint32_t slot)
{
    return (uint32_t)((c->serial * h->plan->per_connection + slot) % h->plan->channels);
}

/* xorshift: for masks, jitter and choosing, where nobody is to be kept from guessing. */
uint32_t helper_random(helper *h);

/* --- conn.c */

/* A connection that begins now; NULL when all places are taken. due_ns: when it should have. */
conn *conn_begin(helper *h, uint8_t kind, uint64_t due_ns);
void conn_on_event(helper *h, conn *c, uint32_t events);
void conn_on_timer(helper *h, conn *c);

/* Sends one text message. May end the connection. */
void conn_send(helper *h, conn *c, view text);

/* The handshake of the protocol is over; all subscriptions are there. */
void conn_opened(helper *h, conn *c);
void conn_ready(helper *h, conn *c);

/* Something did not come about; a steady connection tries again. */
void conn_failed(helper *h, conn *c, tally_cause cause);

/* We end it: by the protocol, or at once; with `reset` by a TCP reset. */
void conn_leave(helper *h, conn *c);
void conn_cut(helper *h, conn *c, bool reset);

/* Begins again after `wait_ms`; the connection has been cut before. */
void conn_again(helper *h, conn *c, uint64_t wait_ms);

/* Reads at most `limit` bytes now. to_the_end: until there is nothing or the connection is over,
 * where otherwise one read that is not filled will do. */
void conn_read(helper *h, conn *c, size_t limit, bool to_the_end);

/* Sends a WebSocket ping: a server that has given the connection up without our noticing lets its
 * kernel answer with a reset. */
void conn_probe(helper *h, conn *c);

/* --- speak.c: the client protocol */

void speak_greet(helper *h, conn *c);
void speak_subscribe_all(helper *h, conn *c);
void speak_unsubscribe(helper *h, conn *c, uint32_t slot);
void speak_publish(helper *h, conn *c, uint32_t channel, view payload);
void speak_message(helper *h, conn *c, view text);

/* --- verify.c */

/* A publication has arrived; `live`: not by recovery, so that its latency counts. Returns its
 * subscription, or NULL if there is none. */
sub *verify_arrival(helper *h, conn *c, stamp s, bool live);
void verify_subscribed(helper *h, conn *c, uint32_t slot, bool recovered);

/* What must have arrived by now, as a connection leaves by our own will. */
void verify_leaving(helper *h, conn *c);

/* true: all has arrived that was published. give_up: counts what is missing as lost. */
bool verify_settled(helper *h, bool give_up);

/* --- courier.c: publishing */

bool courier_start_all(helper *h);
void courier_stop_all(helper *h);

/* false: not possible now, try again later. */
bool courier_publish(helper *h, uint64_t due_ns);
void courier_on_event(helper *h, uint32_t index, uint32_t events);
void courier_turn(helper *h);                                        /* time-outs, new attempts */
void courier_answered(helper *h, uint32_t index, tally_cause cause); /* CAUSE_COUNT: accepted */
void courier_lost(helper *h, uint32_t index, tally_cause cause);     /* the connection has ended */
void courier_ready(helper *h, uint32_t index, conn *c);

/* --- activity.c */

void activity_begin(helper *h);
void activity_turn(helper *h);
bool activity_over(helper *h);
void activity_end(helper *h);
uint64_t activity_wait_ns(const helper *h);

#endif
