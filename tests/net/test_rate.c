/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "rate.h"

static unsigned taken(_Atomic(uint64_t) *x_rate, uint64_t now_ms, uint32_t limit)
{
    unsigned count = 0;

    for (int i = 0; i < 100; i++)
        count += rate_take(x_rate, now_ms, limit) ? 1 : 0;
    return count;
}

Test(net_rate, allows_as_many_as_the_limit_in_each_second)
{
    _Atomic(uint64_t) x_rate = 0;

    cr_assert_eq(taken(&x_rate, 5000, 10), 10);
    cr_assert_eq(taken(&x_rate, 5999, 10), 0);
    cr_assert_eq(taken(&x_rate, 6000, 10), 10);
    cr_assert_eq(taken(&x_rate, 90000, 10), 10);
}

Test(net_rate, a_clock_read_earlier_counts_for_the_current_second)
{
    _Atomic(uint64_t) x_rate = 0;

    cr_assert_eq(taken(&x_rate, 6000, 10), 10);
    cr_assert_eq(taken(&x_rate, 5999, 10), 0);
}

Test(net_rate, zero_means_no_limit)
{
    _Atomic(uint64_t) x_rate = 0;

    cr_assert_eq(taken(&x_rate, 5000, 0), 100);
}
