/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "log.h"

enum { HOUR_MS = 3600000 };

Test(base_log_limit, lets_one_through_and_counts_the_others)
{
    log_limit limit = {0};
    uint64_t dropped = 99;

    cr_assert(log_limit_pass(&limit, HOUR_MS, &dropped));
    cr_expect_eq(dropped, 0);
    for (int i = 0; i < 3; i++)
        cr_expect_not(log_limit_pass(&limit, HOUR_MS, &dropped));

    atomic_store(&limit.x_next_ms, 1); /* the hour is over */
    cr_assert(log_limit_pass(&limit, HOUR_MS, &dropped));
    cr_expect_eq(dropped, 3);
    cr_expect_not(log_limit_pass(&limit, HOUR_MS, &dropped));

    atomic_store(&limit.x_next_ms, 1);
    cr_assert(log_limit_pass(&limit, HOUR_MS, &dropped));
    cr_expect_eq(dropped, 1, "what was told is told again");
}

Test(base_log_limit, of_no_time_drops_nothing)
{
    log_limit limit = {0};
    uint64_t dropped = 99;

    for (int i = 0; i < 10; i++) {
        cr_assert(log_limit_pass(&limit, 0, &dropped));
        cr_expect_eq(dropped, 0);
    }
}
