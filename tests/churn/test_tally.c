/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "shared.h"

static tally *new_tally(void)
{
    tally *t = calloc(1, sizeof *t);

    cr_assert_not_null(t);
    return t;
}

static uint64_t count_of(const tally_codes *codes, uint64_t code)
{
    for (int i = 0; i < TALLY_CODES; i++) {
        if (counter_get(&codes->rows[i].count) > 0 && counter_get(&codes->rows[i].code) == code)
            return counter_get(&codes->rows[i].count);
    }
    return 0;
}

Test(churn_tally, merges_the_books_of_two_helpers)
{
    tally *a = new_tally();
    tally *b = new_tally();

    counter_add(&a->lost, 1);
    counter_add(&b->lost, 2);
    counter_add(&b->causes[CAUSE_REFUSED], 3);
    tally_code(&a->close_codes, 3008);
    tally_code(&b->close_codes, 3001);
    tally_code(&b->close_codes, 3008);
    hist_record(&b->delivery, 100);
    tally_add(a, b);

    cr_assert_eq(counter_get(&a->lost), 3);
    cr_assert_eq(counter_get(&a->causes[CAUSE_REFUSED]), 3);
    cr_assert_eq(count_of(&a->close_codes, 3008), 2);
    cr_assert_eq(count_of(&a->close_codes, 3001), 1);
    cr_assert_eq(counter_get(&a->delivery.count), 1);
    free(a);
    free(b);
}

Test(churn_tally, loses_no_count_when_there_are_more_codes_than_rows)
{
    tally *t = new_tally();
    uint64_t all = 0;

    for (uint64_t code = 3000; code < 3100; code++)
        tally_code(&t->close_codes, code);
    for (int i = 0; i < TALLY_CODES; i++)
        all += counter_get(&t->close_codes.rows[i].count);
    cr_assert_eq(all, 100);
    free(t);
}

Test(churn_tally, subtracts_what_was_before_but_not_what_is_now)
{
    tally *before = new_tally();
    tally *now = new_tally();

    counter_add(&before->connects, 10);
    counter_add(&now->connects, 15);
    counter_add(&before->open, 10);
    counter_add(&now->open, 12);
    tally_subtract(now, before);
    cr_assert_eq(counter_get(&now->connects), 5);
    cr_assert_eq(counter_get(&now->open), 12);
    free(before);
    free(now);
}

Test(churn_shared, counts_the_doubtful_within_a_range)
{
    shared_channel channel = {0};

    for (uint64_t seq = 10; seq < 20; seq++)
        shared_add_doubt(&channel, seq);
    shared_add_doubt(&channel, 30);
    cr_assert_eq(shared_doubtful(&channel, 1, 100), 11);
    cr_assert_eq(shared_doubtful(&channel, 15, 25), 5);
    cr_assert_eq(shared_doubtful(&channel, 20, 29), 0);
}

Test(churn_shared, doubts_too_much_rather_than_too_little)
{
    shared_channel channel = {0};

    for (uint64_t seq = 2; seq <= 100; seq += 2)
        shared_add_doubt(&channel, seq);
    for (uint64_t seq = 2; seq <= 100; seq += 2)
        cr_assert_eq(shared_doubtful(&channel, seq, seq), 1);
}
