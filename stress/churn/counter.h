/* SPDX-License-Identifier: MIT */
/*
 * A number that one process counts and another may look at meanwhile, in memory that both share.
 * One writer each; relaxed, because nobody concludes anything from one counter about another,
 * except where it says observe and announce.
 */
#ifndef CHURN_COUNTER_H
#define CHURN_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic(uint64_t) counter;

static inline uint64_t counter_get(const counter *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

static inline void counter_set(counter *c, uint64_t value)
{
    atomic_store_explicit(c, value, memory_order_relaxed);
}

/* By the one writer only: no atomic addition is spent on it. */
static inline void counter_add(counter *c, uint64_t n)
{
    counter_set(c, counter_get(c) + n);
}

static inline void counter_sub(counter *c, uint64_t n)
{
    counter_set(c, counter_get(c) - n);
}

/* For the few that steer: who sees the value also sees what was written before it. */
static inline uint64_t counter_observe(const counter *c)
{
    return atomic_load_explicit(c, memory_order_acquire); /* PAIRS counter_announce() */
}

static inline void counter_announce(counter *c, uint64_t value)
{
    /*
     * ORDER  all that this process wrote before -> the value.
     * PAIRS  acquire in counter_observe().
     * ELSE   a helper sees the next phase and still the order to stop the one before; the
     *        conductor sees a helper done and not yet all that it counted.
     */
    atomic_store_explicit(c, value, memory_order_release);
}

#endif
