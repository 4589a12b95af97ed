/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "timer.h"

static timer_wheel wheel;
static int fired;
static uint64_t again_ms;

static void on_expired(void *arg, timer *t)
{
    (void)arg;
    fired++;
    if (again_ms != 0)
        timer_set(&wheel, t, again_ms);
    again_ms = 0;
}

static int fired_by(uint64_t now_ms)
{
    fired = 0;
    timer_advance(&wheel, now_ms, on_expired, NULL);
    return fired;
}

Test(churn_timer, fires_once_and_never_early)
{
    timer t;

    timer_wheel_init(&wheel, 1000);
    timer_init(&t);
    timer_set(&wheel, &t, 1100);
    cr_assert_eq(fired_by(1099), 0);
    cr_assert_eq(fired_by(1100 + TIMER_TICK_MS), 1);
    cr_assert_eq(fired_by(900000), 0);
}

Test(churn_timer, waits_more_than_a_round)
{
    const uint64_t far_ms = UINT64_C(3) * TIMER_SLOTS * TIMER_TICK_MS;
    timer t;

    timer_wheel_init(&wheel, 0);
    timer_init(&t);
    timer_set(&wheel, &t, far_ms);
    for (uint64_t now = 0; now < far_ms; now += 1000)
        cr_assert_eq(fired_by(now), 0);
    cr_assert_eq(fired_by(far_ms + TIMER_TICK_MS), 1);
}

Test(churn_timer, can_be_cleared_and_set_again_while_it_fires)
{
    timer t;

    timer_wheel_init(&wheel, 0);
    timer_init(&t);
    timer_set(&wheel, &t, 50);
    timer_clear(&t);
    cr_assert_eq(fired_by(100), 0);
    timer_set(&wheel, &t, 150);
    again_ms = 300;
    cr_assert_eq(fired_by(200), 1);
    cr_assert_eq(fired_by(310), 1);
}

Test(churn_timer, misses_nothing_after_a_long_pause)
{
    timer t;

    timer_wheel_init(&wheel, 0);
    timer_init(&t);
    timer_set(&wheel, &t, 5000);
    cr_assert_eq(fired_by(10000000), 1);
}
