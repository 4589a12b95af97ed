/* SPDX-License-Identifier: MIT */
/*
 * Ten ways to share a set of connections between threads, side by side in one run. README.md in
 * the directory above says what is measured, and how to read it.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "measure.h"
#include "report.h"
#include "targets.h"

enum { WORK_NS = 100, SIZES_MAX = 3 };

static const subject *const subjects[] = {
    &subject_mutex,          &subject_mutex_sliced,   &subject_rwlock,    &subject_sharded_mutex,
    &subject_actor,          &subject_sharded_actor,  &subject_lfht_memb, &subject_lfht_qsbr,
    &subject_gracecast_memb, &subject_gracecast_qsbr,
};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

typedef struct options {
    size_t sizes[SIZES_MAX];
    unsigned size_count;
    const char *csv;
    const char *only; /* the name of one subject, or NULL */
    settings settings;
} options;

static const char usage[] =
    "Usage: bench-registry [--quick] [--entries N] [--csv FILE] [--window MS] [--repeats N]\n"
    "                      [--subject NAME]\n"
    "\n"
    "  --quick      1,000 and 100,000 entries, in less than 50 seconds; else also 1,000,000\n"
    "  --entries N  only this many entries\n"
    "  --csv FILE   also write all figures to this file\n"
    "  --window MS  length of one run with broadcasts; default 1000, quick 200\n"
    "  --repeats N  runs of each measurement, of which the median counts; 1 to 9, default 5, "
    "quick 3\n"
    "  --subject NAME  only this one\n";

/* A number of at least `min` and at most `max`; ends the process if it is none. */
static size_t number(const char *text, size_t min, size_t max)
{
    char *end = NULL;
    unsigned long value = 0;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0' && value >= min && value <= max)
        return value;
    (void)fprintf(stderr, "bench-registry: %s is not a number from %zu to %zu\n", text, min, max);
    exit(2);
}

static void parse(int argc, char **argv, options *o)
{
    static const struct option known[] = {
        {"quick", no_argument, NULL, 'q'},         {"entries", required_argument, NULL, 'n'},
        {"csv", required_argument, NULL, 'c'},     {"window", required_argument, NULL, 'w'},
        {"repeats", required_argument, NULL, 'r'}, {"subject", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    bool quick = false;
    size_t entries = 0;

    for (int c = 0; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'q')
            quick = true;
        else if (c == 'n')
            entries = number(optarg, 1, 10000000);
        else if (c == 'c')
            o->csv = optarg;
        else if (c == 's')
            o->only = optarg;
        else if (c == 'w')
            o->settings.window_ms = (unsigned)number(optarg, 10, 60000);
        else if (c == 'r')
            o->settings.repeats = (unsigned)number(optarg, 1, 9);
        else {
            (void)fputs(usage, c == 'h' ? stdout : stderr);
            exit(c == 'h' ? 0 : 2);
        }
    }
    if (optind < argc) {
        (void)fputs(usage, stderr);
        exit(2);
    }
    if (o->settings.window_ms == 0)
        o->settings.window_ms = quick ? 200 : 1000;
    if (o->settings.repeats == 0)
        o->settings.repeats = quick ? 3 : 5;
    o->size_count = entries != 0 ? 1 : quick ? 2 : 3;
    memcpy(o->sizes, (size_t[SIZES_MAX]){1000, 100000, 1000000}, sizeof o->sizes);
    if (entries != 0)
        o->sizes[0] = entries;
}

static void print_machine(const options *o)
{
    double load[3] = {0};

    (void)getloadavg(load, 3);
    (void)printf("%ld processors, load %.2f %.2f %.2f; %u ns of work per entry are %u spins; "
                 "window %u ms, median of %u\n",
                 sysconf(_SC_NPROCESSORS_ONLN), load[0], load[1], load[2], (unsigned)WORK_NS,
                 o->settings.work_spins, o->settings.window_ms, o->settings.repeats);
}

static void add_latencies(report *r, const char *name, const char *scene, bool add,
                          const latencies *l)
{
    report_add(r, name, scene, add ? "register_p50_us" : "unregister_p50_us", l->p50 / 1000, "us");
    report_add(r, name, scene, add ? "register_p99_us" : "unregister_p99_us", l->p99 / 1000, "us");
    report_add(r, name, scene, add ? "register_max_us" : "unregister_max_us", l->max / 1000, "us");
}

static void measure(report *r, const subject *s, size_t entries, const settings *set)
{
    population p;
    latencies add;
    latencies remove;
    char scene[32];
    char scene2[48];
    double unlocked = 0;

    (void)snprintf(scene, sizeof scene, "n=%zu", entries);
    (void)snprintf(scene2, sizeof scene2, "n=%zu readers=2", entries);
    population_init(&p, s, entries);
    report_add(r, s->name, scene, "bytes_per_entry", (double)p.bytes / (double)entries, "bytes");
    report_add(r, s->name, scene, "lookup_ns", measure_lookup(&p, set, 1), "ns");
    report_add(r, s->name, scene2, "lookup_ns", measure_lookup(&p, set, 2), "ns");
    unlocked = measure_lookup_unlocked(&p, set);
    if (unlocked > 0)
        report_add(r, s->name, scene, "lookup_unlocked_ns", unlocked, "ns");
    report_add(r, s->name, scene, "traverse_ns_per_entry", measure_traverse(&p, set), "ns");
    report_add(r, s->name, scene2, "traverse_ns_per_entry", measure_traverse_together(&p, set),
               "ns");
    report_add(r, s->name, scene, "add_remove_ns", measure_add_remove(&p, set), "ns");
    measure_registration(&p, set, &add, &remove);
    add_latencies(r, s->name, scene, true, &add);
    add_latencies(r, s->name, scene, false, &remove);
    report_add(r, s->name, scene, "lookups_per_s_during_broadcast",
               measure_lookups_during_broadcast(&p, set), "1/s");
    population_fini(&p);
    (void)malloc_trim(0); /* the next subject gets its memory fresh from the system, as this one */
}

static void print_tables(const report *r, const options *o, size_t entries)
{
    const char *names[SUBJECTS];
    char scene[32];
    char scene2[48];

    (void)snprintf(scene, sizeof scene, "n=%zu", entries);
    (void)snprintf(scene2, sizeof scene2, "n=%zu readers=2", entries);
    for (size_t i = 0; i < SUBJECTS; i++)
        names[i] = subjects[i]->name;
    (void)printf("\n%zu entries, while another thread broadcasts\n", entries);
    report_print(r, names, SUBJECTS,
                 (report_column[]){{"add p50 us", scene, "register_p50_us"},
                                   {"p99 us", scene, "register_p99_us"},
                                   {"max us", scene, "register_max_us"},
                                   {"rem p50 us", scene, "unregister_p50_us"},
                                   {"p99 us", scene, "unregister_p99_us"},
                                   {"max us", scene, "unregister_max_us"},
                                   {"lookups/s", scene, "lookups_per_s_during_broadcast"}},
                 7);
    (void)printf("\n%zu entries, nothing else going on\n", entries);
    report_print(r, names, SUBJECTS,
                 (report_column[]){{"lookup ns", scene, "lookup_ns"},
                                   {"2 readers ns", scene2, "lookup_ns"},
                                   {"unlocked ns", scene, "lookup_unlocked_ns"},
                                   {"visit ns", scene, "traverse_ns_per_entry"},
                                   {"2 readers ns", scene2, "traverse_ns_per_entry"},
                                   {"add+rem ns", scene, "add_remove_ns"},
                                   {"bytes/entry", scene, "bytes_per_entry"}},
                 7);
    if (o->only == NULL)
        targets_print(r, scene, entries);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    options o = {0};
    report r = {0};
    int status = 0;

    parse(argc, argv, &o);
    /* Else sleeps are 50 us too long; threads inherit it. */
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    o.settings.work_spins = item_spins_of(WORK_NS);
    print_machine(&o);
    for (unsigned i = 0; i < o.size_count; i++) {
        for (size_t s = 0; s < SUBJECTS; s++) {
            if (o.only != NULL && strcmp(o.only, subjects[s]->name) != 0)
                continue;
            (void)fprintf(stderr, "%s n=%zu\n", subjects[s]->name, o.sizes[i]);
            measure(&r, subjects[s], o.sizes[i], &o.settings);
        }
        print_tables(&r, &o, o.sizes[i]);
    }
    if (o.csv != NULL && !report_write_csv(&r, o.csv)) {
        (void)fprintf(stderr, "bench-registry: %s: %s\n", o.csv, strerror(errno));
        status = 1;
    }
    report_fini(&r);
    return status;
}
