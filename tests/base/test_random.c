/* SPDX-License-Identifier: MIT */
/* Chance may fail these less often than once in 2^64 runs. */
#include <criterion/criterion.h>

#include "random.h"

Test(base_random, fills_all_it_is_asked_for_and_no_more)
{
    unsigned char bytes[34];
    unsigned char seen[34] = {0};

    for (int round = 0; round < 16; round++) {
        memset(bytes, 0, sizeof bytes);
        random_bytes(bytes + 1, 32);
        for (int i = 0; i < 34; i++)
            seen[i] |= bytes[i];
    }
    cr_expect_eq(seen[0], 0);
    cr_expect_eq(seen[33], 0);
    for (int i = 1; i < 33; i++)
        cr_expect_neq(seen[i], 0, "byte %d", i);
}

Test(base_random, differs_each_time)
{
    char a[16];
    char b[16];

    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    cr_expect_arr_neq(a, b, sizeof a);
}

Test(base_random, below_a_bound_gives_everything_there_is)
{
    unsigned seen[7] = {0};

    for (int i = 0; i < 7000; i++) {
        uint32_t number = random_below(7);

        cr_assert_lt(number, 7);
        seen[number]++;
    }
    for (int i = 0; i < 7; i++)
        cr_expect(seen[i] > 500 && seen[i] < 1500, "%d came %u times", i, seen[i]);
}

Test(base_random, below_the_smallest_and_the_largest_bound)
{
    uint32_t largest = 0;

    for (int i = 0; i < 100; i++) {
        uint32_t number = random_below(UINT32_MAX);

        cr_assert_eq(random_below(1), 0);
        cr_assert_lt(number, UINT32_MAX);
        largest = number > largest ? number : largest;
    }
    cr_expect_gt(largest, UINT32_MAX / 2);
}
