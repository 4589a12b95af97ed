/* SPDX-License-Identifier: MIT */
/*
 * A rate kept by schedule: event n belongs at start + n / rate, however late event n - 1 was. What
 * is measured from that instant shows the wait that a stalled server causes, where a loop that
 * waits for each answer would simply ask less ("coordinated omission", G. Tene). Pure arithmetic.
 */
#ifndef CHURN_PACE_H
#define CHURN_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed = nothing is ever due. */
typedef struct pace {
    uint64_t start_ns;
    double per_s;   /* 0: all at once */
    uint64_t done;  /* events taken so far */
    uint64_t limit; /* events in all; UINT64_MAX: no end */
} pace;

/* true: another event is due at `now_ns`; it counts as done and *instant_ns says when it should
 * have been. */
bool pace_take(pace *p, uint64_t now_ns, uint64_t *instant_ns);

/* How long until the next event; UINT64_MAX when there is none. */
uint64_t pace_wait_ns(const pace *p, uint64_t now_ns);

/* All events have been taken. */
static inline bool pace_over(const pace *p)
{
    return p->done >= p->limit;
}

#endif
