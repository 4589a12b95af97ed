/* SPDX-License-Identifier: MIT */
#include "hist.h"

static unsigned bucket_of(uint64_t ns)
{
    unsigned top = 0;

    if (ns < (1U << HIST_SUB_BITS))
        return (unsigned)ns;
    top = 63U - (unsigned)__builtin_clzll(ns);
    if (top >= HIST_MAX_BITS)
        return HIST_BUCKETS - 1;

    unsigned shift = top - HIST_SUB_BITS;

    return ((shift + 1) << HIST_SUB_BITS) + (unsigned)(ns >> shift) - (1U << HIST_SUB_BITS);
}

/* The largest value that falls into a bucket. */
static uint64_t upper_edge(unsigned bucket)
{
    unsigned row = bucket >> HIST_SUB_BITS;
    uint64_t within = bucket & ((1U << HIST_SUB_BITS) - 1);

    if (row == 0)
        return within;
    return ((within + (1U << HIST_SUB_BITS) + 1) << (row - 1)) - 1;
}

void hist_record(hist *h, uint64_t ns)
{
    counter_add(&h->buckets[bucket_of(ns)], 1);
    counter_add(&h->count, 1);
    counter_add(&h->sum_ns, ns);
    if (ns > counter_get(&h->max_ns))
        counter_set(&h->max_ns, ns);
}

void hist_add(hist *to, const hist *from)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        uint64_t n = counter_get(&from->buckets[i]);

        if (n != 0)
            counter_add(&to->buckets[i], n);
        count += n;
    }
    /* by the buckets, not by from->count: a value may be recorded between the two */
    counter_add(&to->count, count);
    counter_add(&to->sum_ns, counter_get(&from->sum_ns));
    if (counter_get(&from->max_ns) > counter_get(&to->max_ns))
        counter_set(&to->max_ns, counter_get(&from->max_ns));
}

void hist_subtract(hist *h, const hist *before)
{
    unsigned highest = 0;

    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        counter_sub(&h->buckets[i], counter_get(&before->buckets[i]));
        if (counter_get(&h->buckets[i]) != 0)
            highest = i;
    }
    counter_sub(&h->count, counter_get(&before->count));
    counter_sub(&h->sum_ns, counter_get(&before->sum_ns));
    if (counter_get(&h->max_ns) == counter_get(&before->max_ns))
        counter_set(&h->max_ns, counter_get(&h->count) == 0 ? 0 : upper_edge(highest));
}

uint64_t hist_percentile(const hist *h, double percent)
{
    uint64_t count = counter_get(&h->count);
    double exact = (double)count * percent / 100.0;
    uint64_t rank = (uint64_t)exact;
    uint64_t seen = 0;
    uint64_t max = counter_get(&h->max_ns);

    if (count == 0)
        return 0;
    if ((double)rank < exact || rank == 0)
        rank++;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        seen += counter_get(&h->buckets[i]);
        if (seen >= rank)
            return i == HIST_BUCKETS - 1 || upper_edge(i) > max ? max : upper_edge(i);
    }
    return max;
}

double hist_mean_ns(const hist *h)
{
    uint64_t count = counter_get(&h->count);

    return count == 0 ? 0 : (double)counter_get(&h->sum_ns) / (double)count;
}
