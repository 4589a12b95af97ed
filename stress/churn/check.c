/* SPDX-License-Identifier: MIT */
#include "check.h"

void check_start(check *c, uint64_t begun)
{
    *c = (check){.floor = begun + 1};
}

void check_resume(check *c, uint64_t begun)
{
    if (c->last == 0 && begun + 1 < c->floor)
        c->floor = begun + 1;
}

/* The lowest number above which nothing may be left out. */
static uint64_t next_of(const check *c)
{
    return c->last == 0 ? c->floor : c->last + 1;
}

static check_verdict see_old(check *c, uint64_t seq)
{
    uint64_t behind = c->last - seq;

    if (behind >= 64 || (c->recent >> behind & 1) != 0)
        return CHECK_DUPLICATE;
    c->recent |= (uint64_t)1 << behind;
    return CHECK_REORDERED;
}

check_verdict check_see(check *c, uint64_t seq, bool conflated, uint64_t *gap_from,
                        uint64_t *gap_to)
{
    uint64_t next = next_of(c);
    uint64_t ahead = seq - c->last;
    bool gap = seq > next && !conflated;

    if (c->last != 0 && seq <= c->last)
        return see_old(c, seq);
    if (c->last == 0 && seq < c->floor)
        c->floor = seq;
    if (gap) {
        *gap_from = next;
        *gap_to = seq - 1;
    }
    c->recent = (ahead < 64 ? c->recent << ahead : 0) | 1;
    c->last = seq;
    return gap ? CHECK_GAP : CHECK_FINE;
}

bool check_missing(const check *c, uint64_t upto, bool conflated, uint64_t *from, uint64_t *to)
{
    uint64_t next = next_of(c);

    if (upto < next)
        return false;
    *from = conflated ? upto : next;
    *to = upto;
    return true;
}
