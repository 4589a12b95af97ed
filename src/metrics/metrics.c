/* SPDX-License-Identifier: MIT */
#include "metrics.h"

static uint64_t load(const _Atomic(uint64_t) *number)
{
    /* relaxed: each number stands for itself, and is out of date once read anyway */
    return atomic_load_explicit(number, memory_order_relaxed);
}

void metrics_sum(metrics *sum, const metrics *from)
{
    /* of all figures the one that is a longest, not a number of things */
    uint64_t lag_us = load(&sum->x_loop_lag_us) > load(&from->x_loop_lag_us)
                          ? load(&sum->x_loop_lag_us)
                          : load(&from->x_loop_lag_us);

#define X(name, type, help) metric_add(&sum->x_##name, load(&from->x_##name));
    METRICS_MAP(X)
#undef X
    atomic_store_explicit(&sum->x_loop_lag_us, lag_us, memory_order_relaxed); /* sum is ours */
}

void metrics_write_prometheus(buf *out, const metrics *sum)
{
#define X(name, type, help)                                                                      \
    buf_append_lit(out, "# HELP gracecast_" #name " " help "\n# TYPE gracecast_" #name " " #type \
                        "\ngracecast_" #name " ");                                               \
    buf_append_u64(out, load(&sum->x_##name));                                                   \
    buf_append_char(out, '\n');
    METRICS_MAP(X)
#undef X
}

void metrics_write_json(buf *out, const metrics *sum)
{
    char separator = '{';

#define X(name, type, help)                    \
    buf_append_char(out, separator);           \
    buf_append_lit(out, "\"" #name "\":");     \
    buf_append_u64(out, load(&sum->x_##name)); \
    separator = ',';
    METRICS_MAP(X)
#undef X
    buf_append_char(out, '}');
}
