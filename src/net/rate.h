/* SPDX-License-Identifier: MIT */
/* How many things may happen in one second, counted by all threads in one word. */
#ifndef NET_RATE_H
#define NET_RATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Counts one more. The word holds the second in its upper half and what was counted in it in its
 * lower; zero is a good start.
 *
 *   limit   in one second; 0 = any
 *
 * returns   true: within the limit
 * progress  lock-free
 */
static inline bool rate_take(_Atomic(uint64_t) *x_rate, uint64_t now_ms, uint32_t limit)
{
    uint64_t second = now_ms / 1000 << 32;
    /* relaxed: the word is all there is to it */
    uint64_t seen = atomic_load_explicit(x_rate, memory_order_relaxed);
    uint64_t next;

    if (limit == 0)
        return true;
    do {
        if (seen < second) /* not "another": a thread whose clock was read earlier counts as well */
            next = second + 1;
        else if ((uint32_t)seen < limit)
            next = seen + 1;
        else
            return false;
    } while (!atomic_compare_exchange_weak_explicit(x_rate, &seen, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

#endif
