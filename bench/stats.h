/* SPDX-License-Identifier: MIT */
/* Medians and percentiles. Both sort what they are given. */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stddef.h>
#include <stdint.h>

/* The middle value, the lower of the two middle ones if there are two; 0 of no values. */
double stats_median(double *values, size_t count);

/* The smallest value that `percent` of all are not above (nearest rank); 100 is the maximum; 0 of
 * no values. */
uint64_t stats_percentile(uint64_t *values, size_t count, double percent);

#endif
