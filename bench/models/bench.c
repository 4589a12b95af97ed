/* SPDX-License-Identifier: MIT */
/*
 * The three chat servers over real sockets: how long a new client waits until it is registered, and
 * a message until it is delivered, while broadcasts run back to back. README.md in the directory
 * above says how to read it.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "crowd.h"
#include "prober.h"
#include "report.h"
#include "stats.h"

enum { SIZES = 2, SPARE_FDS = 100 };

static const char *const models[] = {"chat-mutex", "chat-actor", "chat-rcu"};
enum { MODELS = sizeof models / sizeof models[0] };

typedef struct options {
    size_t sizes[SIZES];
    unsigned size_count;
    double seconds;
    const char *csv;
} options;

static const char usage[] =
    "Usage: bench-models [--connections N] [--seconds S] [--csv FILE]\n"
    "\n"
    "  --connections N  only this many; default 1,000 and 10,000, or what the limit of open files "
    "allows\n"
    "  --seconds S      how long each is measured; default 5\n"
    "  --csv FILE       also write the figures to this file\n";

static void die(const char *text)
{
    (void)fputs(text, stderr);
    exit(2);
}

static void parse(int argc, char **argv, options *o)
{
    static const struct option known[] = {{"connections", required_argument, NULL, 'n'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"csv", required_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};

    *o = (options){.sizes = {1000, 10000}, .size_count = SIZES, .seconds = 5};
    for (int c = 0; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'n') {
            o->sizes[0] = strtoul(optarg, NULL, 10);
            o->size_count = 1;
        } else if (c == 's') {
            o->seconds = strtod(optarg, NULL);
        } else if (c == 'c') {
            o->csv = optarg;
        } else if (c == 'h') {
            (void)fputs(usage, stdout);
            exit(0);
        } else {
            die(usage);
        }
    }
    if (optind < argc || o->sizes[0] < 2 || o->sizes[0] > 1000000 || !(o->seconds > 0) ||
        o->seconds > 40)
        die(usage);
}

/* Raises the limit of open files, which the servers inherit, and keeps the sizes below it. */
static void fit_sizes(options *o)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    for (unsigned i = 0; i < o->size_count; i++)
        if (o->sizes[i] > files.rlim_cur - SPARE_FDS)
            o->sizes[i] = files.rlim_cur - SPARE_FDS;
}

static double us(uint64_t *ns, size_t count, double percent)
{
    return (double)stats_percentile(ns, count, percent) / 1000;
}

static void measure(report *r, const char *model, size_t connections, double seconds)
{
    static prober probes;
    server s;
    crowd c;
    char scene[48];

    (void)snprintf(scene, sizeof scene, "connections=%zu", connections);
    server_start(&s, model);
    crowd_init(&c, &s, connections);
    crowd_run(&c, (uint64_t)(seconds * 1e8)); /* a tenth to get warm */
    prober_start(&probes, &s);
    crowd_run(&c, (uint64_t)(seconds * 1e9));
    prober_stop(&probes);
    report_add(r, model, scene, "register_p50_us", us(probes.latencies, probes.count, 50), "us");
    report_add(r, model, scene, "register_p99_us", us(probes.latencies, probes.count, 99), "us");
    report_add(r, model, scene, "register_max_us", us(probes.latencies, probes.count, 100), "us");
    report_add(r, model, scene, "delivery_p50_us", us(c.latencies, c.latency_count, 50), "us");
    report_add(r, model, scene, "delivery_p99_us", us(c.latencies, c.latency_count, 99), "us");
    report_add(r, model, scene, "delivery_max_us", us(c.latencies, c.latency_count, 100), "us");
    report_add(r, model, scene, "broadcasts_per_s", (double)c.broadcasts / seconds, "1/s");
    crowd_fini(&c);
    server_stop(&s);
}

static void print_table(const report *r, size_t connections)
{
    char scene[48];

    (void)snprintf(scene, sizeof scene, "connections=%zu", connections);
    (void)printf("\n%zu connections\n", connections);
    report_print(r, models, MODELS,
                 (report_column[]){{"reg p50 us", scene, "register_p50_us"},
                                   {"p99 us", scene, "register_p99_us"},
                                   {"max us", scene, "register_max_us"},
                                   {"del p50 us", scene, "delivery_p50_us"},
                                   {"p99 us", scene, "delivery_p99_us"},
                                   {"max us", scene, "delivery_max_us"},
                                   {"broadcasts/s", scene, "broadcasts_per_s"}},
                 7);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    options o;
    report r = {0};
    double load[3] = {0};
    int status = 0;

    parse(argc, argv, &o);
    fit_sizes(&o);
    (void)getloadavg(load, 3);
    (void)printf("load %.2f %.2f %.2f; %.1f s each\n", load[0], load[1], load[2], o.seconds);
    for (unsigned i = 0; i < o.size_count; i++) {
        for (size_t m = 0; m < MODELS; m++)
            measure(&r, models[m], o.sizes[i], o.seconds);
        print_table(&r, o.sizes[i]);
    }
    if (o.csv != NULL && !report_write_csv(&r, o.csv)) {
        (void)fprintf(stderr, "bench-models: %s: %s\n", o.csv, strerror(errno));
        status = 1;
    }
    report_fini(&r);
    return status;
}
