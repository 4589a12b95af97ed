/* SPDX-License-Identifier: MIT */
/* How often which latency: buckets within 1 % of each other, so that counting costs nothing. */
#ifndef FANOUT_HISTOGRAM_H
#define FANOUT_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 128, HISTOGRAM_BUCKETS = (64 - 6) * HISTOGRAM_STEPS };

typedef struct histogram {
    uint64_t count;
    uint64_t max;
    uint32_t buckets[HISTOGRAM_BUCKETS];
} histogram;

/* The bucket of a value: small values have one each, then HISTOGRAM_STEPS to each power of two. */
static inline unsigned histogram_bucket(uint64_t value)
{
    unsigned shift = 0;

    if (value >= HISTOGRAM_STEPS)
        shift = 63U - (unsigned)__builtin_clzll(value) - 7U;
    return shift * HISTOGRAM_STEPS + (unsigned)(value >> shift);
}

static inline void histogram_add(histogram *h, uint64_t value)
{
    h->count++;
    h->buckets[histogram_bucket(value)]++;
    if (value > h->max)
        h->max = value;
}

/* The value that `percent` of all are not above, up to the width of a bucket; 0 of none. */
uint64_t histogram_percentile(const histogram *h, double percent);

#endif
