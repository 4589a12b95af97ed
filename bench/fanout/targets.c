/* SPDX-License-Identifier: MIT */
#include "targets.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

/* The value of `metric` of one of ours under `load` is to be at most, or with `more` at least, `factor` times the
 * rival's. Without a rival the factor is the limit itself. */
typedef struct target {
    const char *ours;
    const char *load;
    const char *metric;
    const char *rival; /* or NULL */
    double factor;
    bool more;
} target;

static const char plain[] = "gracecast-plain";
static const char positioned[] = "gracecast-positioned";
static const char ringed[] = "gracecast-io_uring";

static const target all[] = {
    {plain, "size=128 load=fixed", "cpu_ratio_to_floor", "floor-1", 1.05, false},
    {plain, "size=128 load=fixed", "cpu_ratio_to_floor", "bun", 1, false},
    {plain, "size=128 load=fixed", "latency_p99_ms", "floor-1", 1.1, false},
    {plain, "size=128 load=saturation", "cpu_ratio_to_floor", "floor-16", 1.3, false},
    {plain, "size=128 load=saturation", "deliveries_per_s", "ws", 10, true},
    {plain, "size=128 load=saturation", "deliveries_per_s", "nchan", 10, true},
    {plain, "size=128 load=dashboard40", "cpu_ratio_to_floor", "bun", 0.5, false},
    {plain, "size=128 load=dashboard200", "cpu_ratio_to_floor", "bun", 0.2, false},
    {plain, "load=idle", "connect_cpu_us", "floor-1", 1.5, false},
    {plain, "load=idle", "rss_bytes_per_connection", NULL, 768, false},
    {plain, "load=idle", "rss_bytes_per_connection_unsubscribed", NULL, 512, false},
    {ringed, "size=128 load=fixed", "cpu_ratio_to_floor", NULL, 0.9, false},
    {ringed, "size=128 load=fixed", "cpu_ratio_to_plain", NULL, 0.9, false},
    {positioned, "size=128 load=fixed", "cpu_ratio_to_plain", NULL, 1.05, false},
    {positioned, "size=128 load=saturation", "cpu_ratio_to_plain", NULL, 1.05, false},
};

static void print_target(const report *r, unsigned viewers, const target *t)
{
    char scene[48];
    double value = 0;

    (void)snprintf(scene, sizeof scene, "n=%u %s", viewers, t->load);
    value = report_value(r, t->ours, scene, t->metric);
    if (t->rival != NULL)
        value /= report_value(r, t->rival, scene, t->metric);
    if (isnan(value))
        return;
    (void)printf("%-20s %-26s %-37s %9.4g %s %-5.4g %-15s %s\n", t->ours, t->load, t->metric, value,
                 t->more ? ">=" : "<=", t->factor, t->rival == NULL ? "" : t->rival,
                 (t->more ? value >= t->factor : value <= t->factor) ? "met" : "MISSED");
}

void targets_print(const report *r, unsigned viewers)
{
    (void)printf("\nn=%u, targets, set for 10,000 connections\n", viewers);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        print_target(r, viewers, &all[i]);
}
