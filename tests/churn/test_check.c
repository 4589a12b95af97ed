/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "check.h"

/* What a check made of a row of numbers. */
typedef struct outcome {
    uint64_t lost;
    uint64_t duplicated;
    uint64_t reordered;
} outcome;

static void see(check *c, uint64_t seq, bool conflated, outcome *out)
{
    uint64_t from = 0;
    uint64_t to = 0;

    switch (check_see(c, seq, conflated, &from, &to)) {
    case CHECK_GAP:
        out->lost += to - from + 1;
        break;
    case CHECK_DUPLICATE:
        out->duplicated++;
        break;
    case CHECK_REORDERED:
        out->reordered++;
        out->lost -= !conflated && seq >= c->floor;
        break;
    default:
        break;
    }
}

static outcome see_all(check *c, const uint64_t *seqs, bool conflated)
{
    outcome out = {0};

    for (; *seqs != 0; seqs++)
        see(c, *seqs, conflated, &out);
    return out;
}

static void expect(outcome got, uint64_t lost, uint64_t duplicated, uint64_t reordered)
{
    cr_assert_eq(got.lost, lost, "lost %zu", (size_t)got.lost);
    cr_assert_eq(got.duplicated, duplicated, "duplicated %zu", (size_t)got.duplicated);
    cr_assert_eq(got.reordered, reordered, "reordered %zu", (size_t)got.reordered);
}

Test(churn_check, is_content_with_each_once_and_in_order)
{
    check c;

    check_start(&c, 0);
    expect(see_all(&c, (uint64_t[]){1, 2, 3, 4, 0}, false), 0, 0, 0);
}

Test(churn_check, does_not_miss_what_was_in_flight_when_it_was_made)
{
    check c;

    check_start(&c, 5);
    expect(see_all(&c, (uint64_t[]){6, 7, 0}, false), 0, 0, 0);
    check_start(&c, 5);
    expect(see_all(&c, (uint64_t[]){4, 5, 6, 0}, false), 0, 0, 0);
}

Test(churn_check, misses_the_first_that_had_to_come)
{
    check c;

    check_start(&c, 5);
    expect(see_all(&c, (uint64_t[]){7, 0}, false), 1, 0, 0);
}

Test(churn_check, misses_what_lies_in_a_gap_that_began_in_flight)
{
    check c;

    check_start(&c, 5);
    expect(see_all(&c, (uint64_t[]){3, 6, 0}, false), 2, 0, 0);
}

Test(churn_check, counts_every_repetition)
{
    check c;

    check_start(&c, 0);
    expect(see_all(&c, (uint64_t[]){1, 1, 2, 1, 0}, false), 0, 2, 0);
}

Test(churn_check, takes_a_late_one_for_late_and_not_for_lost)
{
    check c;

    check_start(&c, 0);
    expect(see_all(&c, (uint64_t[]){1, 3, 2, 4, 0}, false), 0, 0, 1);
}

Test(churn_check, knows_a_late_one_that_comes_twice)
{
    check c;

    check_start(&c, 0);
    expect(see_all(&c, (uint64_t[]){1, 3, 2, 2, 4, 0}, false), 0, 1, 1);
}

Test(churn_check, forgets_what_is_far_behind_and_calls_it_a_repetition)
{
    check c;

    check_start(&c, 0);
    expect(see_all(&c, (uint64_t[]){1, 100, 2, 0}, false), 98, 1, 0);
}

Test(churn_check, lets_a_conflated_channel_leave_out_but_not_go_back)
{
    check c;

    check_start(&c, 0);
    expect(see_all(&c, (uint64_t[]){1, 5, 9, 7, 0}, true), 0, 0, 1);
}

Test(churn_check, misses_the_rest_at_the_end)
{
    check c;
    uint64_t from = 0;
    uint64_t to = 0;

    check_start(&c, 5);
    cr_assert_not(check_missing(&c, 5, false, &from, &to));
    cr_assert(check_missing(&c, 7, false, &from, &to));
    cr_assert_eq(from, 6);
    cr_assert_eq(to, 7);
}

Test(churn_check, misses_only_the_last_of_a_conflated_channel)
{
    check c;
    uint64_t from = 0;
    uint64_t to = 0;

    check_start(&c, 0);
    (void)see_all(&c, (uint64_t[]){1, 0}, true);
    cr_assert(check_missing(&c, 7, true, &from, &to));
    cr_assert_eq(from, 7);
}

Test(churn_check, goes_on_after_a_recovery_as_if_nothing_had_been)
{
    check c;

    check_start(&c, 0);
    (void)see_all(&c, (uint64_t[]){1, 2, 0}, false);
    check_resume(&c, 10);
    expect(see_all(&c, (uint64_t[]){3, 5, 0}, false), 1, 0, 0);
}

Test(churn_check, takes_a_late_one_for_late_also_among_those_in_flight)
{
    check c;

    check_start(&c, 5);
    expect(see_all(&c, (uint64_t[]){3, 5, 4, 6, 0}, false), 0, 0, 1);
}
