/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cpu.h"
#include "stats.h"

enum {
    SLICES = 5,
    SETTLE_MS = 300,         /* for what a server does after the fact, before memory is read */
    DELIVERIES_MAX = 400000, /* of a dashboard's run: slow peers need six seconds for these */
};

void scene_name(char out[48], const stage *st, const scene *sc)
{
    (void)snprintf(out, 48, "n=%u size=%zu load=%s%s", st->viewers, sc->size, sc->load,
                   sc->channels == 100 ? " channels=100" : "");
}

static void fail(stage *st, contender *c, const char *during)
{
    (void)fprintf(stderr, "%s fails during %s and is left out\n", c->subject->name, during);
    c->out = true;
    st->failed = true;
}

/* ---- arriving ---- */

typedef struct arrival {
    double cpu_us[SLICES];   /* per viewer: connecting and subscribing */
    double connected_bytes;  /* per viewer */
    double subscribed_bytes; /* per viewer, in addition */
} arrival;

typedef bool arrive_step(audience *a, unsigned from, unsigned to);

static void settle(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = SETTLE_MS * 1000000L}, NULL);
}

static void arrive_slice(stage *st, contender *c, arrival *a, unsigned slice, arrive_step *step)
{
    unsigned from = (unsigned)((uint64_t)st->viewers * slice / SLICES);
    unsigned to = (unsigned)((uint64_t)st->viewers * (slice + 1) / SLICES);
    cpu_time before = cpu_time_of(c->pid);
    cpu_time t;

    if (!step(&c->audience, from, to)) {
        fail(st, c, "arrivals");
        return;
    }
    t = cpu_time_between(before, cpu_time_of(c->pid));
    if (to > from)
        a->cpu_us[slice] += (double)(t.ns + t.softirq_ns) / 1000 / (to - from);
}

static void note_memory(const stage *st, uint64_t *rss)
{
    settle();
    for (unsigned i = 0; i < st->count; i++)
        rss[i] = cpu_rss_of(st->contenders[i].pid);
}

/* Bytes per viewer that all but the first slice have added: the first also fills what is only
 * needed once. */
static void arrive_all(stage *st, arrival *arrivals, arrive_step *step,
                       double bytes[CONTENDERS_MAX])
{
    uint64_t before[CONTENDERS_MAX] = {0};
    uint64_t after[CONTENDERS_MAX] = {0};

    for (unsigned slice = 0; slice < SLICES; slice++) {
        for (unsigned i = 0; i < st->count; i++)
            if (!st->contenders[i].out)
                arrive_slice(st, &st->contenders[i], &arrivals[i], slice, step);
        if (slice == 0)
            note_memory(st, before);
    }
    note_memory(st, after);
    for (unsigned i = 0; i < st->count; i++)
        bytes[i] =
            ((double)after[i] - (double)before[i]) / (st->viewers - (double)st->viewers / SLICES);
}

static void report_arrival(const stage *st, const contender *c, arrival *a)
{
    char name[48];

    (void)snprintf(name, sizeof name, "n=%u load=idle", st->viewers);
    report_add(st->report, c->subject->name, name, "connect_cpu_us",
               stats_median(a->cpu_us, SLICES), "us");
    report_add(st->report, c->subject->name, name, "rss_bytes_per_connection",
               a->connected_bytes + a->subscribed_bytes, "bytes");
    if (c->subject->dialect->commands)
        report_add(st->report, c->subject->name, name, "rss_bytes_per_connection_unsubscribed",
                   a->connected_bytes, "bytes");
}

static void start(stage *st, contender *c, unsigned channels, unsigned per_viewer)
{
    bool ours = strncmp(c->subject->name, "gracecast", 9) == 0;

    /* What an operator of dashboards would set; the other subjects have nothing like it. */
    if (per_viewer > 1)
        (void)setenv("GRACECAST_DELIVERY_FLUSH_INTERVAL", "50ms", 1);
    else
        (void)unsetenv("GRACECAST_DELIVERY_FLUSH_INTERVAL");

    if (!subject_start(c->subject, ours ? st->wrapper : NULL, &c->pid, &c->port)) {
        c->pid = 0;
        fail(st, c, "its start");
        return;
    }

    audience_plan plan = {
        .name = c->subject->name,
        .dialect = c->subject->dialect,
        .port = c->port,
        .viewers = st->viewers,
        .channels = channels,
        .per_viewer = per_viewer,
    };

    if (!audience_start(&c->audience, &plan))
        fail(st, c, "the start of its audience");
}

void stage_open(stage *st, unsigned channels, unsigned per_viewer)
{
    arrival arrivals[CONTENDERS_MAX] = {0};
    double connected[CONTENDERS_MAX];
    double subscribed[CONTENDERS_MAX];

    for (unsigned i = 0; i < st->count; i++)
        start(st, &st->contenders[i], channels, per_viewer);
    arrive_all(st, arrivals, audience_connect, connected);
    arrive_all(st, arrivals, audience_subscribe, subscribed);
    for (unsigned i = 0; i < st->count; i++) {
        arrivals[i].connected_bytes = connected[i];
        arrivals[i].subscribed_bytes = subscribed[i];
        if (channels == 1 && !st->contenders[i].out)
            report_arrival(st, &st->contenders[i], &arrivals[i]);
    }
}

void stage_close(stage *st)
{
    for (unsigned i = 0; i < st->count; i++)
        audience_stop(&st->contenders[i].audience);
    for (unsigned i = 0; i < st->count; i++) {
        if (st->contenders[i].pid > 0)
            subject_stop(st->contenders[i].pid);
        st->contenders[i] = (contender){.subject = st->contenders[i].subject};
    }
}

/* ---- rounds ---- */

/* The figures of all rounds of one contender. */
typedef struct series {
    unsigned count;
    double cpu_us[ROUNDS_MAX];
    double to_floor[ROUNDS_MAX]; /* ratio to the floor in the same round */
    double to_plain[ROUNDS_MAX]; /* and to Gracecast's plain path */
    double per_s[ROUNDS_MAX];
    double p50_ms[ROUNDS_MAX];
    double p99_ms[ROUNDS_MAX];
    double p999_ms[ROUNDS_MAX];
    double max_ms[ROUNDS_MAX];
    double client_us[ROUNDS_MAX];
    uint64_t user_ticks;
    uint64_t ticks;
} series;

/* Floors that gather messages for one call are for one channel at saturation. */
static bool takes_part(const contender *c, const scene *sc)
{
    return !c->out && (c->subject->batch <= 1 || (sc->rate == 0 && sc->channels == 1));
}

static void record(series *s, cpu_time t, const audience_result *r)
{
    unsigned i = s->count;
    double deliveries = (double)r->deliveries;

    s->cpu_us[i] = (double)(t.ns + t.softirq_ns) / 1000 / deliveries;
    s->per_s[i] = deliveries / ((double)r->elapsed_ns / 1e9);
    s->client_us[i] = (double)r->cpu_ns / 1000 / deliveries;
    s->p50_ms[i] = (double)r->p50_ns / 1e6;
    s->p99_ms[i] = (double)r->p99_ns / 1e6;
    s->p999_ms[i] = (double)r->p999_ns / 1e6;
    s->max_ms[i] = (double)r->max_ns / 1e6;
    s->user_ticks += t.user_ticks;
    s->ticks += t.user_ticks + t.system_ticks;
    s->count++;
}

static void play(stage *st, contender *c, const scene *sc, series *s)
{
    audience_run_plan plan = {
        .size = sc->size,
        .rate = sc->rate,
        .depth = c->subject->depth,
        .window_ns = st->window_ms * 1000000ULL,
        .deliveries = sc->per_viewer > 1 ? DELIVERIES_MAX : UINT64_MAX,
    };
    cpu_time before = cpu_time_of(c->pid);
    audience_result result;

    if (!audience_run(&c->audience, &plan, &result)) {
        fail(st, c, sc->load);
        return;
    }
    record(s, cpu_time_between(before, cpu_time_of(c->pid)), &result);
}

/* Every contender once, beginning with another in each round. */
static void play_round(stage *st, const scene *sc, series *all, unsigned round)
{
    double floor_us = 0;
    double plain_us = 0;

    for (unsigned k = 0; k < st->count; k++) {
        unsigned i = (k + round) % st->count;

        if (takes_part(&st->contenders[i], sc))
            play(st, &st->contenders[i], sc, &all[i]);
    }
    for (unsigned i = 0; i < st->count; i++) {
        if (st->contenders[i].out)
            continue;
        if (st->contenders[i].subject->batch == 1)
            floor_us = all[i].cpu_us[round];
        if (strcmp(st->contenders[i].subject->name, "gracecast-plain") == 0)
            plain_us = all[i].cpu_us[round];
    }
    for (unsigned i = 0; i < st->count; i++) {
        all[i].to_floor[round] = floor_us > 0 ? all[i].cpu_us[round] / floor_us : 0;
        all[i].to_plain[round] = plain_us > 0 ? all[i].cpu_us[round] / plain_us : 0;
    }
}

static void report_series(const stage *st, const contender *c, const scene *sc, series *s)
{
    char name[48];
    const char *who = c->subject->name;
    double user = s->ticks == 0 ? 0 : (double)s->user_ticks / (double)s->ticks;
    double cpu = stats_median(s->cpu_us, s->count);
    double to_floor = stats_median(s->to_floor, s->count);
    double to_plain = stats_median(s->to_plain, s->count);

    scene_name(name, st, sc);
    report_add(st->report, who, name, "cpu_us_per_delivery", cpu, "us");
    report_add(st->report, who, name, "user_us_per_delivery", cpu * user, "us");
    if (to_floor > 0)
        report_add(st->report, who, name, "cpu_ratio_to_floor", to_floor, "x");
    if (to_plain > 0)
        report_add(st->report, who, name, "cpu_ratio_to_plain", to_plain, "x");
    report_add(st->report, who, name, "deliveries_per_s", stats_median(s->per_s, s->count), "1/s");
    report_add(st->report, who, name, "latency_p50_ms", stats_median(s->p50_ms, s->count), "ms");
    report_add(st->report, who, name, "latency_p99_ms", stats_median(s->p99_ms, s->count), "ms");
    report_add(st->report, who, name, "latency_p999_ms", stats_median(s->p999_ms, s->count), "ms");
    report_add(st->report, who, name, "latency_max_ms", stats_median(s->max_ms, s->count), "ms");
    report_add(st->report, who, name, "client_cpu_us_per_delivery",
               stats_median(s->client_us, s->count), "us");
}

void stage_measure(stage *st, const scene *sc)
{
    series all[CONTENDERS_MAX] = {0};
    series ignored[CONTENDERS_MAX] = {0};
    unsigned window_ms = st->window_ms;

    st->window_ms = window_ms / 4; /* to warm up */
    play_round(st, sc, ignored, 0);
    st->window_ms = window_ms;
    for (unsigned round = 0; round < st->rounds; round++)
        play_round(st, sc, all, round);
    for (unsigned i = 0; i < st->count; i++)
        if (takes_part(&st->contenders[i], sc))
            report_series(st, &st->contenders[i], sc, &all[i]);
}
