/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    /* Between two broadcasts. With none at all a thread that waits for a lock hardly ever gets it,
     * since the broadcaster has taken it again before the other is awake. */
    BREATH_NS = 100000,
    AWAKE_NS = 60000, /* how long before its time a waiting thread wakes */
};

void crew_init(crew *c, const subject *s, void *self, unsigned spins)
{
    *c = (crew){.subject = s, .self = self, .spins = spins};
}

member *crew_add(crew *c, void (*work)(member *m))
{
    member *m = &c->members[c->size++];

    *m = (member){.crew = c, .work = work};
    return m;
}

static void *run(void *arg)
{
    member *m = arg;
    crew *c = m->crew;
    uint64_t begin = 0;

    (void)pthread_barrier_wait(&c->begin);
    if (c->subject->enter != NULL)
        c->subject->enter(c->self);
    begin = c->size == 1 ? crew_work_ns(c->subject) : clock_mono_ns();
    m->work(m);
    m->took_ns = (c->size == 1 ? crew_work_ns(c->subject) : clock_mono_ns()) - begin;
    if (c->subject->leave != NULL)
        c->subject->leave(c->self);
    return NULL;
}

void crew_start(crew *c)
{
    if (pthread_barrier_init(&c->begin, NULL, c->size + 1) != 0)
        abort();
    for (unsigned i = 0; i < c->size; i++)
        if (pthread_create(&c->members[i].thread, NULL, run, &c->members[i]) != 0)
            abort();
    (void)pthread_barrier_wait(&c->begin);
}

void crew_stop(crew *c)
{
    atomic_store_explicit(&c->x_stop, true, memory_order_relaxed);
    for (unsigned i = 0; i < c->size; i++)
        (void)pthread_join(c->members[i].thread, NULL);
    (void)pthread_barrier_destroy(&c->begin);
}

static void pause_of(const crew *c)
{
    if (c->subject->pause != NULL)
        c->subject->pause(c->self);
}

void crew_wait_until(uint64_t due_ns)
{
    uint64_t wake_ns = due_ns - AWAKE_NS;
    struct timespec wake = {.tv_sec = (time_t)(wake_ns / 1000000000U),
                            .tv_nsec = (long)(wake_ns % 1000000000U)};

    if (clock_mono_ns() < wake_ns)
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL);
    while (clock_mono_ns() < due_ns)
        ;
}

void crew_traverse(member *m)
{
    const crew *c = m->crew;

    do {
        walk w = {0};

        c->subject->traverse(c->self, &w);
        m->done += w.count;
        pause_of(c);
    } while (crew_goes_on(c));
}

void crew_broadcast(member *m)
{
    const crew *c = m->crew;

    while (crew_goes_on(c)) {
        walk w = {.spins = c->spins};
        struct timespec breath = {.tv_nsec = BREATH_NS};

        c->subject->traverse(c->self, &w);
        m->done += w.count;
        pause_of(c);
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &breath, NULL);
    }
}

/* The value found; ends the process if there is none. */
static uint64_t look_up_one(const crew *c, uint64_t id)
{
    uint64_t value = 0;

    if (c->subject->lookup(c->self, id, &value) && value == item_value_of(id))
        return value;
    (void)fprintf(stderr, "bench-registry: %s: look-up failed\n", c->subject->name);
    abort();
}

void crew_look_up(member *m)
{
    const crew *c = m->crew;
    size_t at = 0;

    do {
        /* 0, but only the value tells: so one look-up cannot begin before the last has ended. */
        at += look_up_one(c, m->ids[at]) >> 63;
        at = at + 1 < m->id_count ? at + 1 : 0;
        m->done++;
        if ((at & 63) == 0)
            pause_of(c);
    } while (crew_goes_on(c));
}
