/* SPDX-License-Identifier: MIT */
#include "histogram.h"

#include <math.h>

/* The smallest value of a bucket: histogram_bucket() the other way round. */
static uint64_t bucket_value(unsigned bucket)
{
    unsigned shift = bucket < 2 * HISTOGRAM_STEPS ? 0 : bucket / HISTOGRAM_STEPS - 1;

    return (uint64_t)(bucket - shift * HISTOGRAM_STEPS) << shift;
}

uint64_t histogram_percentile(const histogram *h, double percent)
{
    uint64_t rank = (uint64_t)ceil((double)h->count * percent / 100);
    uint64_t below = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        below += h->buckets[i];
        if (below >= rank && below != 0)
            return bucket_value(i);
    }
    return 0;
}
