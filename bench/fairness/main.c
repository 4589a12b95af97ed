/* SPDX-License-Identifier: MIT */
/*
 * What a large audience costs the others. While it is being served: how long a ping, a new connection
 * and a publication to a small channel take. And a slow reader among a thousand: whether the others
 * notice it, and how old what it reads is. docs/performance.md says how to read it.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "audience.h"
#include "cpu.h"
#include "report.h"
#include "slow.h"
#include "subject.h"
#include "talker.h"

enum {
    SPARE_DESCRIPTORS = 200,
    MESSAGE_BYTES = 128,
    SLOW_VIEWERS = 1000,
    SLOW_MESSAGE_BYTES = 512,
    SLOW_RATE = 50, /* publications per second: 28 KiB/s with what goes around them */
    SLOW_BYTES_PER_S = 4096,
    PROBE_PAUSE_NS = 2000000, /* between questions */
    TARGET_MS = 20,
};

typedef struct options {
    unsigned connections;
    unsigned window_ms;
    const char *subject;
    const char *csv;
} options;

/* A server with its audience. */
typedef struct show {
    const subject *subject;
    pid_t pid;
    uint16_t port;
    audience audience;
} show;

static bool show_open(show *s, const char *name, unsigned viewers)
{
    *s = (show){.subject = subject_named(name)};
    if (s->subject == NULL || !subject_is_here(s->subject)) {
        (void)fprintf(stderr, "bench-fairness: there is no %s here\n", name);
        return false;
    }

    audience_plan plan = {.name = name,
                          .dialect = s->subject->dialect,
                          .viewers = viewers,
                          .channels = 1,
                          .per_viewer = 1};

    if (!subject_start(s->subject, NULL, &s->pid, &s->port))
        return false;
    plan.port = s->port;
    return audience_start(&s->audience, &plan) && audience_connect(&s->audience, 0, viewers) &&
           audience_subscribe(&s->audience, 0, viewers);
}

static void show_close(show *s)
{
    audience_stop(&s->audience);
    if (s->pid > 0)
        subject_stop(s->pid);
}

/* ---- a load in the background ---- */

typedef struct load {
    show *show;
    audience_run_plan plan;
    audience_result result;
    bool good;
    _Atomic(bool) x_over;
    pthread_t thread;
} load;

static void *load_main(void *arg)
{
    load *l = arg;

    l->good = audience_run(&l->show->audience, &l->plan, &l->result);
    /* PAIRS pthread_join(): the flag alone says nothing of the result */
    atomic_store_explicit(&l->x_over, true, memory_order_relaxed);
    return NULL;
}

static bool load_start(load *l)
{
    atomic_init(&l->x_over, false);
    return pthread_create(&l->thread, NULL, load_main, l) == 0;
}

static bool load_join(load *l)
{
    (void)pthread_join(l->thread, NULL);
    return l->good;
}

/* ---- fairness ---- */

enum { PROBES = 3 };

static const char *const probe_names[PROBES] = {"ping", "arrival", "small_channel"};

static uint64_t probe(talker *t, unsigned which)
{
    switch (which) {
    case 0:
        return talker_ping(t);
    case 1:
        return talker_arrive(t);
    default:
        return talker_publish(t, "small");
    }
}

static bool probe_until(talker *t, const _Atomic(bool) *x_over, histogram *all)
{
    do {
        for (unsigned i = 0; i < PROBES; i++) {
            uint64_t ns = probe(t, i);

            if (ns == 0)
                return false;
            histogram_add(&all[i], ns);
            (void)nanosleep(&(struct timespec){.tv_nsec = PROBE_PAUSE_NS}, NULL);
        }
    } while (!atomic_load_explicit(x_over, memory_order_relaxed)); /* a flag alone */
    return true;
}

static void report_probes(report *r, const char *who, const char *scene, const histogram *all)
{
    static const char *const metrics[PROBES][3] = {
        {"ping_p50_ms", "ping_p99_ms", "ping_max_ms"},
        {"arrival_p50_ms", "arrival_p99_ms", "arrival_max_ms"},
        {"small_channel_p50_ms", "small_channel_p99_ms", "small_channel_max_ms"}};

    for (unsigned i = 0; i < PROBES; i++) {
        double p50 = (double)histogram_percentile(&all[i], 50) / 1e6;
        double p99 = (double)histogram_percentile(&all[i], 99) / 1e6;
        double max = (double)all[i].max / 1e6;

        report_add(r, who, scene, metrics[i][0], p50, "ms");
        report_add(r, who, scene, metrics[i][1], p99, "ms");
        report_add(r, who, scene, metrics[i][2], max, "ms");
        (void)printf("%-24s %-14s %6zu  p50 %8.3f  p99 %8.3f  max %8.3f ms  %s\n", scene,
                     probe_names[i], (size_t)all[i].count, p50, p99, max,
                     p99 < TARGET_MS ? "" : "over the target");
    }
    (void)fflush(stdout);
}

/* Questions are few; they are not to wait for the audience, which shares their processor. Where that
 * is not permitted they do. */
static void be_urgent(bool urgent)
{
    (void)setpriority(PRIO_PROCESS, 0, urgent ? -10 : 0); /* of this thread */
}

/* `rate` as in audience_run_plan. */
static bool measure_fairness(show *s, const options *o, const char *name, double rate, report *r)
{
    load l = {.show = s,
              .plan = {.size = MESSAGE_BYTES,
                       .rate = rate,
                       .depth = s->subject->depth,
                       .window_ns = o->window_ms * 1000000ULL,
                       .deliveries = UINT64_MAX}};
    histogram *all = calloc(PROBES, sizeof *all);
    talker *t = malloc(sizeof *t);
    char scene[48];
    bool good = all != NULL && t != NULL && talker_open(t, s->port, "small", 0);

    if (good && load_start(&l)) {
        be_urgent(true);
        good = probe_until(t, &l.x_over, all);
        be_urgent(false);
        good = load_join(&l) && good;
    }
    (void)snprintf(scene, sizeof scene, "n=%u load=%s", o->connections, name);
    if (good)
        report_probes(r, s->subject->name, scene, all);
    if (t != NULL)
        talker_close(t);
    free(t);
    free(all);
    return good;
}

static bool fairness(const options *o, report *r)
{
    show s;
    bool good = show_open(&s, o->subject, o->connections);

    good = good && measure_fairness(&s, o, "fixed", 5, r);
    good = good && measure_fairness(&s, o, "saturation", 0, r);
    show_close(&s);
    return good;
}

/* ---- a slow reader ---- */

static void report_slow(report *r, const char *who, const char *scene,
                        const audience_result *others, const slow_result *slow)
{
    double p50 = (double)others->p50_ns / 1e6;
    double p99 = (double)others->p99_ns / 1e6;

    report_add(r, who, scene, "others_p50_ms", p50, "ms");
    report_add(r, who, scene, "others_p99_ms", p99, "ms");
    (void)printf("%-24s the others: p50 %8.3f  p99 %8.3f ms", scene, p50, p99);
    if (slow != NULL) {
        double age_p50 = (double)histogram_percentile(&slow->age, 50) / 1e9;
        double age_max = (double)slow->age.max / 1e9;

        report_add(r, who, scene, "slow_age_p50_s", age_p50, "s");
        report_add(r, who, scene, "slow_age_max_s", age_max, "s");
        (void)printf("  the slow one: %zu messages, age p50 %.2f  max %.2f s%s",
                     (size_t)slow->age.count, age_p50, age_max,
                     slow->cut_off ? ", then cut off" : "");
    }
    (void)printf("\n");
    (void)fflush(stdout);
}

/* One slow reader among many, or none; the server conflates, or not. */
static bool measure_slow(const options *o, const char *name, bool conflate, bool present, report *r)
{
    show s;
    load l = {.show = &s,
              .plan = {.size = SLOW_MESSAGE_BYTES,
                       .rate = SLOW_RATE,
                       .window_ns = o->window_ms * 1000000ULL,
                       .deliveries = UINT64_MAX}};
    unsigned viewers = o->connections < SLOW_VIEWERS ? o->connections : SLOW_VIEWERS;
    slow_result *slow = calloc(1, sizeof *slow);
    talker *t = malloc(sizeof *t);
    char channel[CHANNEL_NAME_CAP];
    char scene[48];
    bool good = false;

    channel_name(channel, 0);
    (void)setenv("GRACECAST_CHANNEL_WITHOUT_NAMESPACE_CONFLATE", conflate ? "latest" : "off", 1);
    good = show_open(&s, o->subject, viewers) && slow != NULL && t != NULL &&
           (!present || talker_open(t, s.port, channel, SLOW_BUFFER));
    if (good && load_start(&l)) {
        if (present)
            slow_read(t, SLOW_BYTES_PER_S, &l.x_over, slow);
        good = load_join(&l);
    }
    (void)snprintf(scene, sizeof scene, "n=%u load=%s", viewers, name);
    if (good)
        report_slow(r, s.subject->name, scene, &l.result, present ? slow : NULL);
    if (good && present)
        talker_close(t);
    free(t);
    free(slow);
    show_close(&s);
    return good;
}

static bool slow_reader(const options *o, report *r)
{
    return measure_slow(o, "no-slow", false, false, r) && measure_slow(o, "slow", false, true, r) &&
           measure_slow(o, "slow-conflated", true, true, r);
}

/* ---- the program ---- */

static unsigned connections_max(void)
{
    struct rlimit files = {0};

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 1;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files); /* children inherit it */
    return files.rlim_cur > SPARE_DESCRIPTORS ? (unsigned)files.rlim_cur - SPARE_DESCRIPTORS
                                              : SPARE_DESCRIPTORS;
}

static void parse(int argc, char **argv, options *o)
{
    static const struct option known[] = {{"connections", required_argument, NULL, 'n'},
                                          {"window", required_argument, NULL, 'w'},
                                          {"subject", required_argument, NULL, 's'},
                                          {"csv", required_argument, NULL, 'c'},
                                          {NULL, 0, NULL, 0}};

    for (int c = 0; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'n')
            o->connections = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'w')
            o->window_ms = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 's')
            o->subject = optarg;
        else if (c == 'c')
            o->csv = optarg;
        if (c != '?' && o->connections != 0 && o->window_ms != 0)
            continue;
        (void)fprintf(stderr, "Usage: bench-fairness [--connections N] [--window MS] "
                              "[--subject NAME] [--csv FILE]\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    options o = {.connections = 18000, .window_ms = 12000, .subject = "gracecast-plain"};
    unsigned max = connections_max();
    report r = {0};
    int status = 0;

    parse(argc, argv, &o);
    if (o.connections > max)
        o.connections = max;
    cpu_pin_client();
    if (!fairness(&o, &r) || !slow_reader(&o, &r))
        status = 1;
    if (o.csv != NULL && !report_write_csv(&r, o.csv)) {
        (void)fprintf(stderr, "bench-fairness: %s: %s\n", o.csv, strerror(errno));
        status = 1;
    }
    report_fini(&r);
    return status;
}
