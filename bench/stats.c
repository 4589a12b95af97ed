/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include <math.h>
#include <stdlib.h>

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

double stats_median(double *values, size_t count)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof *values, compare_double);
    return values[(count - 1) / 2];
}

uint64_t stats_percentile(uint64_t *values, size_t count, double percent)
{
    size_t rank = (size_t)ceil((double)count * percent / 100);

    if (count == 0)
        return 0;
    qsort(values, count, sizeof *values, compare_u64);
    return values[rank == 0 ? 0 : rank - 1];
}
