/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "pace.h"

static const uint64_t ms = 1000000;

/* How many events are taken at an instant. */
static int take_all(pace *p, uint64_t now_ns)
{
    uint64_t instant = 0;
    int count = 0;

    while (pace_take(p, now_ns, &instant))
        count++;
    return count;
}

Test(churn_pace, spreads_events_evenly)
{
    pace p = {.start_ns = 5000 * ms, .per_s = 100, .limit = UINT64_MAX};

    cr_assert_eq(take_all(&p, 4999 * ms), 0);
    cr_assert_eq(take_all(&p, 5000 * ms), 1);
    cr_assert_eq(take_all(&p, 5009 * ms), 0);
    cr_assert_eq(take_all(&p, 5010 * ms), 1);
    cr_assert_eq(pace_wait_ns(&p, 5013 * ms), 7 * ms);
}

Test(churn_pace, keeps_the_schedule_after_a_stall)
{
    pace p = {.per_s = 100, .limit = UINT64_MAX};
    uint64_t instant = 0;

    cr_assert_eq(take_all(&p, 0), 1);
    cr_assert(pace_take(&p, 1000 * ms, &instant));
    cr_assert_eq(instant, 10 * ms, "when it was due, not when it was done");
    cr_assert_eq(take_all(&p, 1000 * ms), 99);
}

Test(churn_pace, ends_at_its_limit)
{
    pace p = {.per_s = 10, .limit = 3};

    cr_assert_eq(take_all(&p, 3600000 * ms), 3);
    cr_assert(pace_over(&p));
    cr_assert_eq(pace_wait_ns(&p, 3600000 * ms), UINT64_MAX);
}

Test(churn_pace, does_all_at_once_without_a_rate)
{
    pace p = {.start_ns = 7, .limit = 5};

    cr_assert_eq(take_all(&p, 7), 5);
}

Test(churn_pace, never_comes_due_when_zeroed)
{
    pace p = {0};

    cr_assert_eq(take_all(&p, UINT64_MAX), 0);
    cr_assert_eq(pace_wait_ns(&p, 0), UINT64_MAX);
}

Test(churn_pace, does_not_drift_over_a_long_time)
{
    pace p = {.per_s = 3, .limit = UINT64_MAX, .done = UINT64_C(3) * 86400};

    cr_assert_eq(pace_wait_ns(&p, 0), UINT64_C(86400) * 1000 * ms);
}
