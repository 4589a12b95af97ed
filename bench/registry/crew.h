/* SPDX-License-Identifier: MIT */
/* Threads that use one subject at the same time. */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include <pthread.h>
#include <stdatomic.h>

#include "clock.h"
#include "subject.h"

enum { CREW_MAX = 2 };

struct crew;

/* What one thread does and how far it got. */
typedef struct member {
    struct crew *crew;
    void (*work)(struct member *m);
    const uint64_t *ids; /* look-ups: whom to look for */
    size_t id_count;
    uint64_t done;    /* how much it did */
    uint64_t took_ns; /* time that passed; of a thread alone: crew_work_ns() */
    pthread_t thread;
} member;

typedef struct crew {
    const subject *subject;
    void *self;
    unsigned spins;     /* broadcasts: work on each item */
    atomic_bool x_stop; /* atomic, relaxed: nothing else hangs on it */
    pthread_barrier_t begin;
    unsigned size;
    member members[CREW_MAX];
} crew;

void crew_init(crew *c, const subject *s, void *self, unsigned spins);
member *crew_add(crew *c, void (*work)(member *m));
/* Returns when all members are there and begin their work. */
void crew_start(crew *c);
/* Tells them to stop and waits until they have. */
void crew_stop(crew *c);

static inline bool crew_goes_on(const crew *c)
{
    return !atomic_load_explicit(&c->x_stop, memory_order_relaxed);
}

/* The time by which the work of a single thread is measured: that of its processor, so that
 * whatever else the machine does counts less. With actors, who do the work elsewhere, the time that
 * passes. */
static inline uint64_t crew_work_ns(const subject *s)
{
    return clock_read_ns(s->submit == NULL ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC);
}

/* Visits all items again and again, at least once, and only reads them. */
void crew_traverse(member *m);
/* Broadcasts, one after the other. */
void crew_broadcast(member *m);
/* Looks up `ids` again and again, at least one. Ends the process if one is not found. */
void crew_look_up(member *m);

/* Sleeps until shortly before the given time and then turns until it has come: that wastes little
 * of a processor that others may need, and wakes on time. */
void crew_wait_until(uint64_t due_ns);

#endif
