/* SPDX-License-Identifier: MIT */
/*
 * A histogram of durations in the manner of HdrHistogram (G. Tene): each power of two is cut into
 * 128 equal buckets, so that a value is known to better than 1 part in 128 (0.8 %) whatever its
 * size, and values under 128 ns exactly. Fixed size, no allocation: it can lie in shared memory.
 *
 * What is read out is the upper edge of a bucket: percentiles err on the unflattering side.
 */
#ifndef CHURN_HIST_H
#define CHURN_HIST_H

#include "counter.h"

enum {
    HIST_SUB_BITS = 7,
    HIST_MAX_BITS = 42, /* values of 2^42 ns (73 minutes) and more share the last bucket */
    HIST_BUCKETS = (HIST_MAX_BITS - HIST_SUB_BITS + 1) << HIST_SUB_BITS,
};

/* Zeroed = empty. */
typedef struct hist {
    counter buckets[HIST_BUCKETS];
    counter count;
    counter sum_ns;
    counter max_ns; /* exact */
} hist;

/* One writer at a time. */
void hist_record(hist *h, uint64_t ns);

/* Adds all of `from` to `to`; `from` may be written meanwhile. */
void hist_add(hist *to, const hist *from);

/* Makes `h` hold only what came after `before`, an earlier copy of it. The maximum becomes that of
 * the highest bucket left. */
void hist_subtract(hist *h, const hist *before);

/* The value under which `percent` (0..100) of those recorded lie; 0 if there is none. */
uint64_t hist_percentile(const hist *h, double percent);

/* 0 if empty. */
double hist_mean_ns(const hist *h);

#endif
