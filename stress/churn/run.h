/* SPDX-License-Identifier: MIT */
/* What came of a run: filled by the conductor, read by verdict, report and plot. */
#ifndef CHURN_RUN_H
#define CHURN_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"
#include "subject.h"
#include "tally.h"

/* One moment, a second after the one before. */
typedef struct run_sample {
    double at_s; /* since the run began */
    size_t phase;
    uint64_t open;
    uint64_t steady;
    double connects_per_s;
    double deliveries_per_s;
    uint64_t p50_ns; /* of deliveries since the last sample */
    uint64_t p99_ns;
    double server_cpu;   /* cores */
    uint64_t server_rss; /* bytes */
    double tool_cpu;     /* of the busiest helper: 1 = one core */
    uint64_t troubles;   /* so far: lost, doubled, late, stray, closes, failures */
} run_sample;

typedef struct run_phase {
    const plan_phase *plan;
    double from_s;
    double took_s;
    bool cut_short;
    uint64_t attempts;
    uint64_t connects;
    uint64_t deliveries;
    uint64_t published;
    uint64_t open; /* at the end, as the next two */
    uint64_t steady;
    uint64_t server_rss;
    uint64_t server_cpu_ns;
    uint64_t connect_p99_ns;
    uint64_t p50_ns;
    uint64_t p99_ns;
    uint64_t p999_ns;
    uint64_t max_ns;
    double tool_cpu; /* highest share of a core over any second */
} run_phase;

typedef struct run {
    const plan *plan;
    const char *url;
    uint64_t began_wall_ms;
    double took_s;
    bool interrupted; /* by Ctrl-C or the time limit */
    bool broken;      /* the tool itself could not go on */
    tally *total;
    run_phase phases[PLAN_MAX_PHASES];
    size_t phase_count; /* of those that were begun */
    run_sample *samples;
    size_t sample_count;
    size_t sample_cap;
    uint32_t helpers;
    uint64_t rss_before; /* of the server */
    bool left_known;
    uint64_t left_behind;  /* clients that the server counts after the drain, beyond those before */
    uint32_t busy_seconds; /* in which a helper used 90 % of a core or more */
} run;

typedef struct verdict {
    bool judged[GATE_COUNT]; /* the limit was asked for and there was something to judge */
    bool passed[GATE_COUNT];
    double limit[GATE_COUNT];
    double value[GATE_COUNT];
    bool good;
} verdict;

/* Holds the run against the limits of its plan. Pure. */
verdict verdict_of(const run *r);

/* For people, to `out`; for machines, as JSON. */
void report_text(buf *out, const run *r, const verdict *v);
void report_json(buf *out, const run *r, const verdict *v);

/* An SVG by gnuplot. false with a message, also when there is no gnuplot. */
bool plot_write(const run *r, const char *path, buf *errors);

#endif
