/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "json.h"
#include "stamp.h"

static const stamp sample = {.channel = 12, .seq = 345, .due_ns = 6789012345};

static bool finds(const char *text, stamp *out)
{
    view rest = {0};

    return stamp_find(view_of(text), out, &rest);
}

Test(churn_stamp, is_json_of_the_size_asked_for)
{
    char text[STAMP_MIN_ROOM + 4096];

    for (size_t size = 64; size <= 4096; size *= 2) {
        size_t len = stamp_write(text, size, sample);

        cr_assert_eq(len, size);
        cr_assert(json_valid((view){.ptr = text, .len = len}));
    }
}

Test(churn_stamp, fits_its_room_whatever_the_numbers_and_the_size)
{
    const stamp largest = {.channel = UINT32_MAX, .seq = UINT64_MAX, .due_ns = UINT64_MAX};

    for (size_t size = 0; size < 200; size++) {
        char *text = malloc(STAMP_MIN_ROOM + size);
        size_t len = stamp_write(text, size, largest);

        cr_assert_leq(len, STAMP_MIN_ROOM + size);
        cr_assert(json_valid((view){.ptr = text, .len = len}));
        free(text);
    }
}

Test(churn_stamp, is_found_within_what_a_server_wraps_around_it)
{
    char text[512] = "{\"push\":{\"channel\":\"a{\\\"c\\\":\",\"pub\":{\"data\":";
    size_t len = strlen(text);
    stamp found = {0};
    view rest = {0};

    len += stamp_write(text + len, 100, sample);
    (void)memcpy(text + len, ",\"offset\":7}}}", 15);
    cr_assert(stamp_find(view_of(text), &found, &rest));
    cr_assert_eq(found.channel, sample.channel);
    cr_assert_eq(found.seq, sample.seq);
    cr_assert_eq(found.due_ns, sample.due_ns);
    cr_assert_not_null(strstr(rest.ptr, "\"offset\":7"));
}

Test(churn_stamp, is_not_seen_where_there_is_none)
{
    stamp found = {0};

    cr_assert_not(finds("", &found));
    cr_assert_not(finds("{}", &found));
    cr_assert_not(finds("{\"c\":", &found));
    cr_assert_not(finds("{\"c\":1,\"s\":2", &found));
    cr_assert_not(finds("{\"c\":x,\"s\":2,\"t\":3}", &found));
    cr_assert_not(finds("{\"c\":4294967296,\"s\":2,\"t\":3}", &found));
}

Test(churn_stamp, is_found_behind_something_that_looks_like_one)
{
    stamp found = {0};

    cr_assert(finds("{\"c\":7,\"x\":{\"c\":1,\"s\":2,\"t\":3}}", &found));
    cr_assert_eq(found.channel, 1);
}
