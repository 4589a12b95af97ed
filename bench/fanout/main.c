/* SPDX-License-Identifier: MIT */
/*
 * What one delivery costs: Gracecast, its peers and the least a server can do, side by side in one
 * run. docs/performance.md says what is measured and how to read it.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cpu.h"
#include "stage.h"
#include "targets.h"

enum { SIZES_MAX = 3, SPARE_DESCRIPTORS = 200 };

static const scene full[] = {
    {"fixed", 128, 5, 1, 1},          {"fixed", 1024, 5, 1, 1},
    {"saturation", 128, 0, 1, 1},     {"saturation", 1024, 0, 1, 1},
    {"fixed", 128, 500, 100, 1},      {"saturation", 128, 0, 100, 1},
    {"dashboard40", 128, 40, 20, 20}, {"dashboard200", 128, 200, 20, 20},
};

static const scene quick[] = {
    {"fixed", 128, 5, 1, 1},
    {"saturation", 128, 0, 1, 1},
    {"dashboard40", 128, 40, 20, 20},
};

typedef struct options {
    unsigned sizes[SIZES_MAX];
    unsigned size_count;
    const char *subjects; /* separated by commas; NULL: all */
    const char *loads;    /* likewise */
    const char *csv;
    const char *wrapper;
    unsigned rounds;
    unsigned window_ms;
    bool quick;
} options;

static const char usage[] =
    "Usage: bench-fanout [--quick] [--connections N] [--subjects LIST] [--csv FILE]\n"
    "                    [--loads LIST] [--rounds N] [--window MS] [--under COMMAND]\n"
    "\n"
    "  --quick          1,000 connections and few loads, in less than a minute\n"
    "  --connections N  to each server; default 1000, 10000 and 18000, as far as the limit of\n"
    "                   open files allows\n"
    "  --subjects LIST  floor-1,floor-4,floor-16,gracecast-plain,gracecast-positioned,\n"
    "                   gracecast-io_uring,bun,ws,nchan,centrifugo\n"
    "  --loads LIST     fixed,saturation,dashboard40,dashboard200,idle\n"
    "  --csv FILE       also write all figures to this file\n"
    "  --rounds N       of each load, of which the median counts; 1 to 25, default 5,\n"
    "                   quick 3\n"
    "  --window MS      of publishing in each round; default 1200, quick 400\n"
    "  --under COMMAND  start Gracecast under this, as \"valgrind --tool=callgrind\"\n";

/* A number of at least `min` and at most `max`; ends the process if it is none. */
static unsigned number(const char *text, unsigned long min, unsigned long max)
{
    char *end = NULL;
    unsigned long value = 0;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0' && value >= min && value <= max)
        return (unsigned)value;
    (void)fprintf(stderr, "bench-fanout: %s is not a number from %lu to %lu\n", text, min, max);
    exit(2);
}

static _Noreturn void end_with_usage(FILE *to, int status)
{
    (void)fputs(usage, to);
    exit(status);
}

static void parse(int argc, char **argv, options *o)
{
    static const struct option known[] = {
        {"quick", no_argument, NULL, 'q'},          {"connections", required_argument, NULL, 'n'},
        {"subjects", required_argument, NULL, 's'}, {"loads", required_argument, NULL, 'l'},
        {"csv", required_argument, NULL, 'c'},      {"rounds", required_argument, NULL, 'r'},
        {"window", required_argument, NULL, 'w'},   {"under", required_argument, NULL, 'u'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
    };

    for (int c = 0; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'q')
            o->quick = true;
        else if (c == 'n')
            o->sizes[o->size_count++ % SIZES_MAX] = number(optarg, 1, 1000000);
        else if (c == 's')
            o->subjects = optarg;
        else if (c == 'l')
            o->loads = optarg;
        else if (c == 'c')
            o->csv = optarg;
        else if (c == 'r')
            o->rounds = number(optarg, 1, ROUNDS_MAX);
        else if (c == 'w')
            o->window_ms = number(optarg, 10, 60000);
        else if (c == 'u')
            o->wrapper = optarg;
        else
            end_with_usage(c == 'h' ? stdout : stderr, c == 'h' ? 0 : 2);
    }
    if (optind < argc)
        end_with_usage(stderr, 2);
}

static void set_defaults(options *o)
{
    if (o->rounds == 0)
        o->rounds = o->quick ? 3 : 5;
    if (o->window_ms == 0)
        o->window_ms = o->quick ? 400 : 1200;
    if (o->size_count > SIZES_MAX)
        o->size_count = SIZES_MAX;
    if (o->size_count != 0)
        return;
    o->size_count = o->quick ? 1 : SIZES_MAX;
    memcpy(o->sizes, (unsigned[SIZES_MAX]){1000, 10000, 18000}, sizeof o->sizes);
}

/* Whether the word is in a list with commas; everything is in no list. */
static bool is_in(const char *list, const char *word)
{
    size_t len = strlen(word);

    if (list == NULL)
        return true;
    for (const char *at = list; *at != '\0'; at += strcspn(at, ",") + (strchr(at, ',') != NULL))
        if (strncmp(at, word, len) == 0 && (at[len] == ',' || at[len] == '\0'))
            return true;
    return false;
}

/* ---- who takes part ---- */

/* Names that mean nothing are a mistake, not a subject that is not there. */
static void check_subjects(const char *list)
{
    char name[32];

    for (const char *at = list; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, ",");

        (void)snprintf(name, sizeof name, "%.*s", (int)len, at);
        if (subject_named(name) == NULL) {
            (void)fprintf(stderr, "bench-fanout: there is no subject %s\n", name);
            exit(2);
        }
        at += len + (at[len] == ',');
    }
}

static void invite(stage *st, const char *list)
{
    for (unsigned i = 0; i < subject_count; i++) {
        if (!is_in(list, subjects[i].name))
            continue;
        if (subject_is_here(&subjects[i]))
            st->contenders[st->count++] = (contender){.subject = &subjects[i]};
        else
            (void)printf("%s is not installed and left out; to get it: %s\n", subjects[i].name,
                         subjects[i].how_to_get);
    }
}

/* As many connections as descriptors, for servers as for clients. */
static unsigned connections_max(void)
{
    struct rlimit limit = {0};

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 800;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur > 1000000)
        return 1000000;
    return (unsigned)limit.rlim_cur - SPARE_DESCRIPTORS;
}

/* ---- printing ---- */

static void print_machine(const options *o)
{
    double load[3] = {0};
    int cpus = cpu_count();

    (void)getloadavg(load, 3);
    (void)printf("%d processors: servers on the first, clients on %s; load %.2f %.2f %.2f; "
                 "windows of %u ms, median of %u rounds\n",
                 cpus, cpus > 1 ? "the second" : "the same", load[0], load[1], load[2],
                 o->window_ms, o->rounds);
}

static void print_scene(const stage *st, const char *const *names, const scene *sc)
{
    char name[48];

    scene_name(name, st, sc);
    (void)printf("\n%s\n", name);
    report_print(st->report, names, st->count,
                 (report_column[]){{"us/delivery", name, "cpu_us_per_delivery"},
                                   {"x floor-1", name, "cpu_ratio_to_floor"},
                                   {"x plain", name, "cpu_ratio_to_plain"},
                                   {"of it user", name, "user_us_per_delivery"},
                                   {"deliveries/s", name, "deliveries_per_s"},
                                   {"p50 ms", name, "latency_p50_ms"},
                                   {"p99 ms", name, "latency_p99_ms"},
                                   {"p99.9 ms", name, "latency_p999_ms"},
                                   {"max ms", name, "latency_max_ms"},
                                   {"client us", name, "client_cpu_us_per_delivery"}},
                 10);
    (void)fflush(stdout);
}

static void print_idle(const stage *st, const char *const *names)
{
    char name[48];

    (void)snprintf(name, sizeof name, "n=%u load=idle", st->viewers);
    (void)printf("\n%s\n", name);
    report_print(st->report, names, st->count,
                 (report_column[]){{"connect us", name, "connect_cpu_us"},
                                   {"bytes", name, "rss_bytes_per_connection"},
                                   {"unsubscribed", name, "rss_bytes_per_connection_unsubscribed"}},
                 3);
    (void)fflush(stdout);
}

/* ---- all of it ---- */

/* The loads that belong to one set-up of channels. */
static void measure_setup(stage *st, const options *o, unsigned channels, unsigned per_viewer)
{
    const scene *scenes = o->quick ? quick : full;
    size_t count = o->quick ? sizeof quick / sizeof *quick : sizeof full / sizeof *full;
    bool wanted = channels == 1 && is_in(o->loads, "idle");
    const char *names[CONTENDERS_MAX];

    for (unsigned i = 0; i < st->count; i++)
        names[i] = st->contenders[i].subject->name;
    for (size_t i = 0; i < count; i++)
        wanted = wanted || (scenes[i].channels == channels && is_in(o->loads, scenes[i].load));
    if (!wanted)
        return;
    (void)fprintf(stderr, "%u connections to each of %u servers\n", st->viewers, st->count);
    stage_open(st, channels, per_viewer);
    if (channels == 1)
        print_idle(st, names);
    for (size_t i = 0; i < count; i++) {
        if (scenes[i].channels != channels || !is_in(o->loads, scenes[i].load))
            continue;
        stage_measure(st, &scenes[i]);
        print_scene(st, names, &scenes[i]);
    }
    stage_close(st);
}

static void measure_size(stage *st, const options *o)
{
    measure_setup(st, o, 1, 1);
    measure_setup(st, o, 100, 1);
    measure_setup(st, o, 20, 20);
    targets_print(st->report, st->viewers);
}

int main(int argc, char **argv)
{
    options o = {0};
    report r = {0};
    stage st = {.report = &r};
    unsigned max = connections_max();
    int status = 0;

    parse(argc, argv, &o);
    set_defaults(&o);
    check_subjects(o.subjects);
    print_machine(&o);
    invite(&st, o.subjects);
    st.rounds = o.rounds;
    st.window_ms = o.window_ms;
    st.wrapper = o.wrapper;
    (void)fflush(stdout); /* before processes are forked */
    cpu_pin_client();
    for (unsigned i = 0; i < o.size_count; i++) {
        if (o.sizes[i] > max)
            (void)printf("\n%u connections: the limit of open files allows %u\n", o.sizes[i], max);
        st.viewers = o.sizes[i] < max ? o.sizes[i] : max;
        measure_size(&st, &o);
    }
    if (o.csv != NULL && !report_write_csv(&r, o.csv)) {
        (void)fprintf(stderr, "bench-fanout: %s: %s\n", o.csv, strerror(errno));
        status = 1;
    }
    report_fini(&r);
    return st.failed ? 1 : status;
}
