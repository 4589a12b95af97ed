/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "crew.h"
#include "stats.h"

enum {
    REPEATS_MAX = 9,
    OP_EVERY_NS = 500000,
    PAIR_BATCH = 256,
    /* Shares of the headline's window that the other measurements take. */
    LOOKUP_SHARE = 6,
    TRAVERSE_SHARE = 6,
    PAIR_SHARE = 6,
    DURING_SHARE = 3,
};

static void die_unless(bool good, const population *p, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "bench-registry: %s: %s\n", p->subject->name, what);
    abort();
}

static void sleep_ms(unsigned ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static void enter(const population *p)
{
    if (p->subject->enter != NULL)
        p->subject->enter(p->self);
}

static void leave(const population *p)
{
    if (p->subject->leave != NULL)
        p->subject->leave(p->self);
}

static void pause_of(const population *p)
{
    if (p->subject->pause != NULL)
        p->subject->pause(p->self);
}

/* Waits until what was removed is freed, so that one measurement does not pay for another. */
static void settle(const population *p)
{
    if (p->subject->settle != NULL)
        p->subject->settle(p->self);
}

/* The median of as many runs of a measurement as are wanted. */
static double median_of(double (*measure)(population *, const settings *, unsigned), population *p,
                        const settings *s, unsigned arg)
{
    double values[REPEATS_MAX];

    for (unsigned i = 0; i < s->repeats; i++) {
        values[i] = measure(p, s, arg);
        settle(p);
    }
    return stats_median(values, s->repeats);
}

static double lookup_once(population *p, const settings *s, unsigned readers)
{
    crew c;
    uint64_t *ids[CREW_MAX];
    double ns = 0;

    crew_init(&c, p->subject, p->self, 0);
    for (unsigned i = 0; i < readers; i++) {
        member *m = crew_add(&c, crew_look_up);

        m->ids = ids[i] = population_ids(p);
        m->id_count = p->count;
    }
    crew_start(&c);
    sleep_ms(s->window_ms / LOOKUP_SHARE);
    crew_stop(&c);
    for (unsigned i = 0; i < readers; i++) {
        ns += (double)c.members[i].took_ns / (double)c.members[i].done / readers;
        free(ids[i]);
    }
    return ns;
}

double measure_lookup(population *p, const settings *s, unsigned readers)
{
    return median_of(lookup_once, p, s, readers);
}

double measure_lookup_unlocked(population *p, const settings *s)
{
    population unlocked = *p;
    subject bare = *p->subject;

    if (bare.lookup_unlocked == NULL)
        return 0;
    bare.lookup = bare.lookup_unlocked;
    unlocked.subject = &bare;
    return median_of(lookup_once, &unlocked, s, 1);
}

static double traverse_once(population *p, const settings *s, unsigned unused)
{
    uint64_t begin = 0;
    uint64_t took = 0;
    size_t walks = 0;

    (void)unused;
    enter(p);
    begin = crew_work_ns(p->subject);
    do {
        walk w = {0};

        p->subject->traverse(p->self, &w);
        die_unless(w.count == p->count, p, "a traversal did not meet each item once");
        pause_of(p);
        walks++;
        took = crew_work_ns(p->subject) - begin;
    } while (took < s->window_ms * 1000000ull / TRAVERSE_SHARE);
    leave(p);
    return (double)took / (double)walks / (double)p->count;
}

double measure_traverse(population *p, const settings *s)
{
    return median_of(traverse_once, p, s, 0);
}

static double traverse_together_once(population *p, const settings *s, unsigned readers)
{
    crew c;
    double ns = 0;

    crew_init(&c, p->subject, p->self, 0);
    for (unsigned i = 0; i < readers; i++)
        (void)crew_add(&c, crew_traverse);
    crew_start(&c);
    sleep_ms(s->window_ms / TRAVERSE_SHARE);
    crew_stop(&c);
    for (unsigned i = 0; i < readers; i++)
        ns += (double)c.members[i].took_ns / (double)c.members[i].done / readers;
    return ns;
}

double measure_traverse_together(population *p, const settings *s)
{
    return median_of(traverse_together_once, p, s, 2);
}

/* Adds and removes a batch; the items are made and chosen outside the measured time. */
static uint64_t pairs_ns(population *p)
{
    item *in[PAIR_BATCH];
    item *out[PAIR_BATCH];
    uint64_t begin = 0;
    bool good = true;

    for (int i = 0; i < PAIR_BATCH; i++) {
        in[i] = population_new_item(p);
        out[i] = population_swap(p, in[i]);
    }
    begin = crew_work_ns(p->subject);
    for (int i = 0; i < PAIR_BATCH; i++) {
        good &= p->subject->add(p->self, in[i]);
        good &= p->subject->remove(p->self, out[i]);
    }
    begin = crew_work_ns(p->subject) - begin;
    die_unless(good, p, "an add or remove failed");
    pause_of(p);
    return begin;
}

static double add_remove_once(population *p, const settings *s, unsigned unused)
{
    uint64_t end = clock_mono_ns() + s->window_ms * 1000000ull / PAIR_SHARE;
    uint64_t took = 0;
    size_t pairs = 0;

    (void)unused;
    enter(p);
    do {
        took += pairs_ns(p);
        pairs += PAIR_BATCH;
    } while (clock_mono_ns() < end);
    leave(p);
    return (double)took / (double)pairs;
}

double measure_add_remove(population *p, const settings *s)
{
    return median_of(add_remove_once, p, s, 0);
}

/* Does an op that is due, or has an actor do it. */
static void do_op(const population *p, op *o)
{
    const subject *s = p->subject;

    if (s->submit != NULL) {
        s->submit(p->self, o);
        return;
    }
    o->good = o->kind == OP_ADD ? s->add(p->self, o->it) : s->remove(p->self, o->it);
    atomic_store_explicit(&o->x_done_ns, clock_mono_ns(), memory_order_relaxed); /* read here */
}

/* Adds and removes in turn, each at its time however late the one before was. */
static void run_ops(population *p, op *ops, size_t count)
{
    uint64_t begin = clock_mono_ns() + OP_EVERY_NS;

    for (size_t i = 0; i < count; i++) {
        bool adds = i % 2 == 0;
        item *it = adds ? population_new_item(p) : population_swap(p, ops[i - 1].it);

        ops[i] = (op){.kind = adds ? OP_ADD : OP_REMOVE,
                      .it = it,
                      .id = it->id,
                      .due_ns = begin + i * OP_EVERY_NS};
        pause_of(p);
        crew_wait_until(ops[i].due_ns);
        do_op(p, &ops[i]);
    }
}

/* The latencies of every second op from `first` on. */
static void collect(const population *p, op *ops, size_t count, size_t first, latencies *out)
{
    uint64_t *values = calloc(count, sizeof *values);
    size_t found = 0;

    if (values == NULL)
        abort();
    for (size_t i = first; i < count; i += 2) {
        uint64_t done = 0;

        while ((done = atomic_load_explicit(&ops[i].x_done_ns, memory_order_acquire)) == 0)
            (void)sched_yield(); /* PAIRS reply() of the actors */
        die_unless(ops[i].good, p, "an add or remove failed");
        values[found++] = done - ops[i].due_ns;
    }
    out->p50 = (double)stats_percentile(values, found, 50);
    out->p99 = (double)stats_percentile(values, found, 99);
    out->max = (double)stats_percentile(values, found, 100);
    free(values);
}

static void registration_once(population *p, const settings *s, latencies *add, latencies *remove)
{
    size_t count = s->window_ms * 1000000ull / OP_EVERY_NS / 2 * 2;
    op *ops = calloc(count, sizeof *ops);
    crew c;

    if (ops == NULL)
        abort();
    crew_init(&c, p->subject, p->self, s->work_spins);
    (void)crew_add(&c, crew_broadcast);
    crew_start(&c);
    enter(p);
    run_ops(p, ops, count);
    leave(p);
    crew_stop(&c);
    collect(p, ops, count, 0, add);
    collect(p, ops, count, 1, remove);
    free(ops);
    settle(p);
}

static latencies median_latencies(const latencies *all, unsigned count)
{
    double p50[REPEATS_MAX];
    double p99[REPEATS_MAX];
    double max[REPEATS_MAX];

    for (unsigned i = 0; i < count; i++) {
        p50[i] = all[i].p50;
        p99[i] = all[i].p99;
        max[i] = all[i].max;
    }
    return (latencies){.p50 = stats_median(p50, count),
                       .p99 = stats_median(p99, count),
                       .max = stats_median(max, count)};
}

void measure_registration(population *p, const settings *s, latencies *add, latencies *remove)
{
    latencies adds[REPEATS_MAX];
    latencies removes[REPEATS_MAX];

    for (unsigned i = 0; i < s->repeats; i++)
        registration_once(p, s, &adds[i], &removes[i]);
    *add = median_latencies(adds, s->repeats);
    *remove = median_latencies(removes, s->repeats);
}

static double during_once(population *p, const settings *s, unsigned unused)
{
    uint64_t *ids = population_ids(p);
    member *reader = NULL;
    crew c;

    (void)unused;
    crew_init(&c, p->subject, p->self, s->work_spins);
    (void)crew_add(&c, crew_broadcast);
    reader = crew_add(&c, crew_look_up);
    reader->ids = ids;
    reader->id_count = p->count;
    crew_start(&c);
    sleep_ms(s->window_ms / DURING_SHARE);
    crew_stop(&c);
    free(ids);
    return (double)reader->done / ((double)reader->took_ns / 1e9);
}

double measure_lookups_during_broadcast(population *p, const settings *s)
{
    return median_of(during_once, p, s, 0);
}
