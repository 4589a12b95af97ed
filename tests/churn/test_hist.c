/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "hist.h"

static hist *new_hist(void)
{
    hist *h = calloc(1, sizeof *h);

    cr_assert_not_null(h);
    return h;
}

/* The error of what a histogram says about one value, as a share of it. */
static double error_of(uint64_t ns)
{
    hist *h = new_hist();
    double said = 0;

    hist_record(h, ns);
    hist_record(h, UINT64_C(1) << 41); /* or the exact maximum would be the answer */
    said = (double)hist_percentile(h, 50);
    free(h);
    cr_assert_geq(said, (double)ns, "%g for %zu flatters", said, (size_t)ns);
    return (said - (double)ns) / (double)ns;
}

Test(churn_hist, errs_by_less_than_one_part_in_128)
{
    for (uint64_t ns = 1; ns < UINT64_C(1) << 40; ns += ns / 7 + 1)
        cr_assert_lt(error_of(ns), 1.0 / 128);
}

Test(churn_hist, errs_by_less_than_one_part_in_128_at_powers_of_two)
{
    for (int bit = 1; bit < 41; bit++) {
        cr_assert_lt(error_of((UINT64_C(1) << bit) - 1), 1.0 / 128);
        cr_assert_lt(error_of(UINT64_C(1) << bit), 1.0 / 128);
    }
}

Test(churn_hist, knows_small_values_exactly)
{
    for (uint64_t ns = 1; ns < 128; ns++)
        cr_assert_eq(error_of(ns), 0);
}

Test(churn_hist, finds_percentiles_by_rank)
{
    hist *h = new_hist();

    for (uint64_t ns = 1; ns <= 100; ns++)
        hist_record(h, ns);
    cr_assert_eq(hist_percentile(h, 0), 1);
    cr_assert_eq(hist_percentile(h, 50), 50);
    cr_assert_eq(hist_percentile(h, 99), 99);
    cr_assert_eq(hist_percentile(h, 99.5), 100);
    cr_assert_eq(hist_percentile(h, 100), 100);
    cr_assert_float_eq(hist_mean_ns(h), 50.5, 1e-9);
    free(h);
}

Test(churn_hist, says_nothing_of_nothing)
{
    hist *h = new_hist();

    cr_assert_eq(hist_percentile(h, 99), 0);
    cr_assert_eq(hist_mean_ns(h), 0);
    free(h);
}

Test(churn_hist, keeps_the_exact_maximum_of_values_beyond_its_range)
{
    hist *h = new_hist();

    hist_record(h, UINT64_C(1) << 50);
    cr_assert_eq(hist_percentile(h, 100), UINT64_C(1) << 50);
    free(h);
}

Test(churn_hist, adds_and_takes_away)
{
    hist *all = new_hist();
    hist *part = new_hist();

    hist_record(part, 1000);
    hist_record(part, 900000);
    hist_add(all, part);
    hist_record(all, 5);
    cr_assert_eq(counter_get(&all->count), 3);
    hist_subtract(all, part);
    cr_assert_eq(counter_get(&all->count), 1);
    cr_assert_eq(hist_percentile(all, 99), 5);
    cr_assert_eq(counter_get(&all->max_ns), 5);
    free(all);
    free(part);
}
