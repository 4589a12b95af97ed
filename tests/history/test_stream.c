/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "history.h"

static history h;
static stream s;
static stream_limits keep;
static buf out;

static void setup(void)
{
    history_init(&h, UINT64_MAX);
    history_add(&h, &s, 0, 0, 0);
    keep = (stream_limits){.size = 5, .ttl_ms = 1000};
}

static void teardown(void)
{
    history_remove(&h, &s);
    buf_fini(&out);
    cr_expect_eq(h.bytes, 0);
    cr_expect_eq(h.bare_bytes, 0);
    cr_expect_eq(h.publications, 0);
}

TestSuite(history_stream, .init = setup, .fini = teardown);

/* Publishes 1, 2, 3 ... so many times. */
static void publish(int count)
{
    char text[16];

    for (int i = 0; i < count; i++) {
        (void)snprintf(text, sizeof text, "%d", (int)s.top + 1);
        cr_assert(history_store(&h, &s, view_of(text), &keep, 0));
    }
}

static const char *text_of(buf *b)
{
    buf_append_char(b, '\0');
    return b->data;
}

static void must_write(stream_range range, const char *expected, uint32_t count)
{
    buf_reset(&out);
    cr_expect_eq(stream_write(&s, &range, &out), count);
    cr_expect_str_eq(text_of(&out), expected);
}

static void must_recover(uint64_t since, uint32_t limit, const char *expected)
{
    buf_reset(&out);
    cr_expect_eq(stream_recover(&s, since, limit, &out), expected != NULL, "since %lu",
                 (unsigned long)since);
    cr_expect_str_eq(text_of(&out), expected == NULL ? "" : expected, "since %lu",
                     (unsigned long)since);
}

Test(history_stream, begins_at_nothing_with_an_epoch_of_letters)
{
    stream other;

    cr_expect_eq(s.top, 0);
    for (int i = 0; i < STREAM_EPOCH_LEN; i++)
        cr_expect(isalpha(s.epoch.text[i]));
    history_add(&h, &other, 0, 0, 0);
    cr_expect_not(stream_epoch_is(&s.epoch, stream_epoch_view(&other.epoch)));
    history_remove(&h, &other);
}

Test(history_stream, keeps_the_last_ones_and_counts_all)
{
    publish(3);
    must_write((stream_range){.limit = 10}, "[1,2,3]", 3);
    publish(20);
    cr_expect_eq(s.top, 23);
    must_write((stream_range){.limit = 10}, "[19,20,21,22,23]", 5);
}

Test(history_stream, keeps_one_if_that_is_the_size)
{
    keep.size = 1;
    publish(4);
    must_write((stream_range){.limit = 10}, "[4]", 1);
    cr_expect_eq(s.cap, 1);
    cr_expect_eq(h.bare_bytes, 0);
}

Test(history_stream, follows_a_size_that_changes)
{
    publish(5);
    keep.size = 2;
    publish(1);
    must_write((stream_range){.limit = 10}, "[5,6]", 2);
    keep.size = 4;
    publish(3);
    must_write((stream_range){.limit = 10}, "[6,7,8,9]", 4);
}

Test(history_stream, is_read_forward_from_a_position)
{
    publish(7); /* 3 to 7 are kept */
    must_write((stream_range){.has_since = true, .since = 0, .limit = 2}, "[3,4]", 2);
    must_write((stream_range){.has_since = true, .since = 4, .limit = 2}, "[5,6]", 2);
    must_write((stream_range){.has_since = true, .since = 6, .limit = 2}, "[7]", 1);
    must_write((stream_range){.has_since = true, .since = 7, .limit = 2}, "[]", 0);
    must_write((stream_range){.has_since = true, .since = UINT64_MAX, .limit = 2}, "[]", 0);
    must_write((stream_range){.has_since = true, .since = 3, .limit = 0}, "[]", 0);
}

Test(history_stream, is_read_in_reverse)
{
    publish(7);
    must_write((stream_range){.reverse = true, .limit = 2}, "[7,6]", 2);
    must_write((stream_range){.reverse = true, .has_since = true, .since = 6, .limit = 2}, "[5,4]",
               2);
    must_write((stream_range){.reverse = true, .has_since = true, .since = 4, .limit = 2}, "[3]",
               1);
    must_write((stream_range){.reverse = true, .has_since = true, .since = 3, .limit = 2}, "[]", 0);
    must_write((stream_range){.reverse = true, .has_since = true, .since = 100, .limit = 9},
               "[7,6,5,4,3]", 5);
}

Test(history_stream, recovers_only_without_a_gap)
{
    publish(7); /* 3 to 7 are kept */
    must_recover(7, 10, "");
    must_recover(6, 10, "[7]");
    must_recover(2, 10, "[3,4,5,6,7]");
    must_recover(1, 10, NULL);
    must_recover(0, 10, NULL);
    must_recover(8, 10, NULL); /* not published yet */
    must_recover(UINT64_MAX, 10, NULL);
}

Test(history_stream, recovers_no_more_than_allowed)
{
    publish(5);
    must_recover(2, 3, "[3,4,5]");
    must_recover(1, 3, NULL);
}

Test(history_stream, recovers_nothing_from_nothing)
{
    must_recover(0, 10, "");
    must_recover(1, 10, NULL);
    publish(2);
    history_drop(&h, &s);
    must_recover(2, 10, "");
    must_recover(1, 10, NULL);
    must_write((stream_range){.limit = 10}, "[]", 0);
}

Test(history_stream, goes_on_counting_after_its_publications_are_gone)
{
    publish(2);
    history_drop(&h, &s);
    cr_expect_eq(s.top, 2);
    publish(1);
    must_write((stream_range){.limit = 10}, "[3]", 1);
    must_recover(2, 10, "[3]");
    must_recover(1, 10, NULL);
}

Test(history_stream, a_version_counts_within_its_epoch)
{
    view a = VIEW_LIT("a");
    view b = VIEW_LIT("b");

    cr_expect(stream_version_is_new(&s, 1, (view){0}));
    cr_assert(stream_set_version(&s, 5, a));
    cr_expect_not(stream_version_is_new(&s, 5, a));
    cr_expect_not(stream_version_is_new(&s, 4, a));
    cr_expect(stream_version_is_new(&s, 6, a));
    cr_expect(stream_version_is_new(&s, 1, b));
    cr_expect_not(stream_version_is_new(&s, 5, (view){0}));
    cr_assert(stream_set_version(&s, 1, b));
    cr_expect(stream_version_is_new(&s, 5, a));
    cr_assert(stream_set_version(&s, 2, (view){0}));
    cr_expect_not(stream_version_is_new(&s, 2, (view){0}));
}
