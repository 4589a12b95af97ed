/* SPDX-License-Identifier: MIT */
#include "targets.h"

#include <math.h>
#include <stdio.h>

enum { SIZE_MIN = 100000, SIZE_LARGE = 1000000, TRAVERSE_NS = 10, LARGE_TRAVERSE_NS = 15 };

/* Our value of `metric` is to be at most `factor` times the value of `their_metric` of `rival`; or
 * at least, with `more`. Without a rival the factor is the limit itself. */
typedef struct target {
    const char *metric;
    const char *rival; /* or NULL */
    const char *their_metric;
    double factor;
    int more;
} target;

static const target all[] = {
    {"register_p99_us", "mutex", "register_p99_us", 0.01, 0},
    {"register_p99_us", "rwlock", "register_p99_us", 0.01, 0},
    {"register_p99_us", "actor", "register_p99_us", 0.01, 0},
    {"register_p99_us", "mutex-sliced", "register_p99_us", 1.0 / 3, 0},
    {"unregister_p99_us", "mutex", "unregister_p99_us", 0.01, 0},
    {"unregister_p99_us", "rwlock", "unregister_p99_us", 0.01, 0},
    {"unregister_p99_us", "actor", "unregister_p99_us", 0.01, 0},
    {"unregister_p99_us", "mutex-sliced", "unregister_p99_us", 1.0 / 3, 0},
    {"lookups_per_s_during_broadcast", "mutex-sliced", "lookups_per_s_during_broadcast", 2, 1},
    {"traverse_ns_per_entry", "lfht-memb", "traverse_ns_per_entry", 0.1, 0},
    {"traverse_ns_per_entry", NULL, NULL, TRAVERSE_NS, 0},
    {"lookup_ns", "mutex", "lookup_unlocked_ns", 2, 0},
    {"add_remove_ns", "lfht-memb", "add_remove_ns", 1.5, 0},
};

static void print_target(const report *r, const char *scene, const char *subject, const target *t)
{
    double ours = report_value(r, subject, scene, t->metric);
    double theirs = t->rival == NULL ? 1 : report_value(r, t->rival, scene, t->their_metric);
    double ratio = ours / theirs;
    int met = t->more ? ratio >= t->factor : ratio <= t->factor;

    (void)printf("%-15s %-31s %9.4g %s %-6.3g %s%-13s %s\n", subject, t->metric, ratio,
                 t->more ? ">=" : "<=", t->factor, t->rival == NULL ? "" : "x ",
                 t->rival == NULL ? "ns" : t->rival, met ? "met" : "MISSED");
}

void targets_print(const report *r, const char *scene, size_t entries)
{
    static const char *const subjects[] = {"gracecast-memb", "gracecast-qsbr"};

    if (entries < SIZE_MIN)
        return;
    (void)printf("\n%zu entries: ours, to be at most or at least so many times the other's\n",
                 entries);
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
            target t = all[i];

            if (t.rival == NULL && entries >= SIZE_LARGE)
                t.factor = LARGE_TRAVERSE_NS;
            print_target(r, scene, subjects[s], &t);
        }
    }
}
