/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "wheel.h"

enum { START = 1000000, ITEMS = 3, TICK_MS = 100 };

static wheel w;
static wheel_item items[ITEMS];
static unsigned fired[ITEMS];

static void on_expired(void *arg, wheel_item *item)
{
    (void)arg;
    fired[item - items]++;
}

static void advance(uint64_t now_ms)
{
    wheel_advance(&w, now_ms, on_expired, NULL);
}

static void setup(void)
{
    wheel_init(&w, START, TICK_MS);
    for (int i = 0; i < ITEMS; i++) {
        wheel_item_init(&items[i]);
        fired[i] = 0;
    }
}

TestSuite(base_wheel, .init = setup);

Test(base_wheel, expires_once_never_early_and_within_two_ticks)
{
    for (uint64_t delay = 0; delay < 1000; delay += 7) {
        setup();
        wheel_set(&w, &items[0], START + delay);
        for (uint64_t now = START; now < START + delay; now++)
            advance(now);
        cr_assert_eq(fired[0], 0, "early, delay %u", (unsigned)delay);
        advance(START + delay + 2ULL * TICK_MS);
        cr_assert_eq(fired[0], 1, "delay %u", (unsigned)delay);
        advance(START + 100000);
        cr_assert_eq(fired[0], 1);
    }
}

Test(base_wheel, a_deadline_beyond_one_round_waits_for_its_round)
{
    uint64_t delay = 3 * (uint64_t)WHEEL_SLOTS * TICK_MS + 50;

    wheel_set(&w, &items[0], START + delay);
    for (uint64_t now = START; now < START + delay; now += TICK_MS)
        advance(now);
    cr_assert_eq(fired[0], 0);
    advance(START + delay + 2ULL * TICK_MS);
    cr_assert_eq(fired[0], 1);
}

Test(base_wheel, clearing_and_moving)
{
    wheel_set(&w, &items[0], START + 500);
    wheel_set(&w, &items[1], START + 500);
    wheel_set(&w, &items[2], START + 500);
    wheel_clear(&items[0]);
    wheel_set(&w, &items[1], START + 5000);
    wheel_set(&w, &items[2], UINT64_MAX);
    cr_assert_eq(items[2].due_ms, UINT64_MAX, "an old deadline would look set");
    advance(START + 1000);
    cr_assert_eq(fired[0] + fired[1] + fired[2], 0);
    advance(START + 6000);
    cr_assert_eq(fired[1], 1);
    cr_assert_eq(fired[0] + fired[2], 0);
}

Test(base_wheel, after_a_long_pause_everything_due_expires_once)
{
    wheel_set(&w, &items[0], START + 100);
    wheel_set(&w, &items[1], START + 40000);
    wheel_set(&w, &items[2], START + 4000000000ULL);
    advance(START + 3600000);
    cr_assert_eq(fired[0], 1);
    cr_assert_eq(fired[1], 1);
    cr_assert_eq(fired[2], 0);
    wheel_clear(&items[2]);
}

static void on_expired_again(void *arg, wheel_item *item)
{
    on_expired(arg, item);
    if (fired[item - items] < 3)
        wheel_set(&w, item, item->due_ms + 100);
}

Test(base_wheel, an_item_may_be_set_again_as_it_expires)
{
    wheel_set(&w, &items[0], START + 100);
    for (uint64_t now = START; now < START + 2000; now += 10)
        wheel_advance(&w, now, on_expired_again, NULL);
    cr_assert_eq(fired[0], 3);
}

Test(base_wheel, ticks_as_finely_as_it_is_told)
{
    wheel_init(&w, START, 4);
    wheel_set(&w, &items[0], START + 100);
    wheel_set(&w, &items[1], START + 9 * WHEEL_SLOTS);
    advance(START + 99);
    cr_assert_eq(fired[0], 0);
    advance(START + 104);
    cr_assert_eq(fired[0], 1);
    for (uint64_t now = START; now < START + 9 * WHEEL_SLOTS; now++)
        advance(now);
    cr_assert_eq(fired[1], 0);
    advance(START + 9 * WHEEL_SLOTS + 4);
    cr_assert_eq(fired[1], 1);
}
