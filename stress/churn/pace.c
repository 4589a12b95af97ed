/* SPDX-License-Identifier: MIT */
#include "pace.h"

static uint64_t instant_of(const pace *p, uint64_t event)
{
    if (p->per_s <= 0)
        return p->start_ns;
    return p->start_ns + (uint64_t)((double)event * 1e9 / p->per_s);
}

bool pace_take(pace *p, uint64_t now_ns, uint64_t *instant_ns)
{
    uint64_t instant = 0;

    if (pace_over(p))
        return false;
    instant = instant_of(p, p->done);
    if (instant > now_ns)
        return false;
    p->done++;
    *instant_ns = instant;
    return true;
}

uint64_t pace_wait_ns(const pace *p, uint64_t now_ns)
{
    uint64_t instant = 0;

    if (pace_over(p))
        return UINT64_MAX;
    instant = instant_of(p, p->done);
    return instant > now_ns ? instant - now_ns : 0;
}
