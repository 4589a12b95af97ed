/* SPDX-License-Identifier: MIT */
/*
 * The memory that the conductor and its helpers share: what to do next, what was published, what
 * was counted. Mapped before the helpers are forked; gone when the last process ends.
 */
#ifndef CHURN_SHARED_H
#define CHURN_SHARED_H

#include <stdbool.h>
#include <stddef.h>

#include "counter.h"
#include "tally.h"

enum {
    SHARED_MAX_HELPERS = 64,
    SHARED_DOUBTS = 8, /* ranges kept for each channel */
};

/* Numbers of a channel of which nobody knows whether they were published: the connection that
 * carried them broke before the answer. They may arrive or not. */
typedef struct shared_doubt {
    counter from;
    counter to;
} shared_doubt;

/* Written by the one helper that publishes in the channel, read by all. */
typedef struct shared_channel {
    counter begun;   /* highest number whose publishing has begun */
    counter settled; /* highest number published so long ago that it must have arrived */
    counter recent;  /* what will be settled next */
    counter doubt_count;
    shared_doubt doubts[SHARED_DOUBTS];
} shared_channel;

typedef struct shared {
    counter phase;      /* the conductor: the phase to be in; phase_count: go home */
    counter stop;       /* the conductor: 1 = end this phase now */
    counter restarts;   /* the conductor: how often the server has come back */
    counter publishing; /* the helper that publishes: 0 = nothing awaits its answer */
    counter begun[SHARED_MAX_HELPERS]; /* a helper: the number of phases it has begun */
    counter done[SHARED_MAX_HELPERS];  /* a helper: the number of phases it has finished */
    tally tallies[SHARED_MAX_HELPERS];
    shared_channel channels[];
} shared;

/* NULL: out of memory. */
shared *shared_new(uint32_t channels);

/* By the publishing helper: `seq` may or may not be out. */
void shared_add_doubt(shared_channel *channel, uint64_t seq);

/* How many of from..to are in doubt. */
uint64_t shared_doubtful(const shared_channel *channel, uint64_t from, uint64_t to);

#endif
