/* SPDX-License-Identifier: MIT */
/*
 * The promise that a subscriber was given, and whether it was kept: one of these for each
 * subscription. Pure: no clock, no sockets.
 *
 * `floor` is the lowest number that must arrive: the first publication that was begun only after
 * the server had confirmed the subscription. Lower ones were in flight at that moment and may come
 * or not. From the first arrival on everything must come, once and in order; of a conflated channel
 * only ever newer ones, and the last.
 */
#ifndef CHURN_CHECK_H
#define CHURN_CHECK_H

#include <stdbool.h>
#include <stdint.h>

typedef struct check {
    uint64_t floor;  /* falls to the first arrival if that is lower */
    uint64_t last;   /* highest number that came; 0: none */
    uint64_t recent; /* bit n: number last - n came */
} check;

typedef enum check_verdict {
    CHECK_FINE,
    CHECK_GAP,       /* fine itself, but from *gap_from to *gap_to none came before it */
    CHECK_DUPLICATE, /* came before; also any number more than 63 behind the last */
    CHECK_REORDERED, /* late: reported in a gap before, unless below the floor or conflated */
} check_verdict;

/* begun: the highest number of the channel whose publishing has begun at this moment. */
void check_start(check *c, uint64_t begun);

/* The subscription continues where it was cut off (a successful recovery): nothing may be missing
 * since then. */
void check_resume(check *c, uint64_t begun);

check_verdict check_see(check *c, uint64_t seq, bool conflated, uint64_t *gap_from,
                        uint64_t *gap_to);

/* true: with all numbers up to `upto` published something is still missing, which is from *from
 * to *to. */
bool check_missing(const check *c, uint64_t upto, bool conflated, uint64_t *from, uint64_t *to);

#endif
