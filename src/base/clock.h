/* SPDX-License-Identifier: MIT */
/* Time: a monotonic clock for everything that waits, wall clock only for what people read. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_read_ns(clockid_t id)
{
    struct timespec ts;

    (void)clock_gettime(id, &ts); /* cannot fail for the two clocks used here */
    return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

/* Nanoseconds since some fixed moment; never goes back. */
static inline uint64_t clock_mono_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}

/* Milliseconds since some fixed moment; never goes back. */
static inline uint64_t clock_mono_ms(void)
{
    return clock_mono_ns() / 1000000U;
}

/* Milliseconds since 1970-01-01 UTC. */
static inline uint64_t clock_wall_ms(void)
{
    return clock_read_ns(CLOCK_REALTIME) / 1000000U;
}

#endif
