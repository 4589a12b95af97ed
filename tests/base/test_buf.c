/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "buf.h"
#include "failing_alloc.h"

static void must_hold(const buf *b, const char *text)
{
    cr_expect_not(b->failed);
    cr_expect(view_eq(buf_view(b), view_of(text)), "holds \"%.*s\" instead of \"%s\"", (int)b->len,
              b->len == 0 ? "" : b->data, text);
}

Test(base_buf, an_empty_one_owns_nothing)
{
    buf b = {0};

    buf_append(&b, NULL, 0);
    buf_append_view(&b, (view){0});
    cr_expect_null(b.data);
    cr_expect_eq(buf_view(&b).len, 0);
    buf_fini(&b);
    buf_fini(&b);
}

Test(base_buf, appends_one_after_the_other)
{
    buf b = {0};

    buf_append(&b, "abc", 2);
    buf_append_view(&b, VIEW_LIT("cd"));
    buf_append_char(&b, '\0');
    buf_append_lit(&b, "ef");
    cr_expect_eq(b.len, 7);
    cr_expect_arr_eq(b.data, "abcd\0ef", 7);
    buf_fini(&b);
    cr_expect_null(b.data);
    cr_expect_eq(b.len, 0);
}

Test(base_buf, grows_and_keeps_what_it_has)
{
    enum { COUNT = 100000 };
    buf b = {0};
    unsigned moves = 0;
    size_t cap = 0;

    for (int i = 0; i < COUNT; i++) {
        buf_append_char(&b, (char)(i % 251));
        moves += b.cap != cap;
        cap = b.cap;
    }
    cr_assert_eq(b.len, COUNT);
    cr_expect_lt(moves, 20, "%u times: it does not grow by a factor", moves);
    for (int i = 0; i < COUNT; i++)
        cr_assert_eq(b.data[i], (char)(i % 251));
    buf_fini(&b);
}

Test(base_buf, reserves_room_at_once)
{
    buf b = {0};

    cr_assert(buf_reserve(&b, 5000));
    cr_expect_geq(b.cap, 5000);
    cr_expect_eq(b.len, 0);
    memset(b.data, 'x', 5000); /* under ASan: it is all there */
    failing_alloc_arm(0);
    for (int i = 0; i < 5000; i++)
        buf_append_char(&b, 'y');
    cr_expect_not(failing_alloc_disarm());
    cr_expect_eq(b.len, 5000);
    buf_fini(&b);
}

Test(base_buf, remembers_that_memory_ran_out)
{
    char large[1000] = {0};
    buf b = {0};

    buf_append_lit(&b, "abc");
    failing_alloc_arm(0);
    buf_append(&b, large, sizeof large);
    cr_assert(failing_alloc_disarm());
    cr_expect(b.failed);
    buf_append_char(&b, 'd'); /* there would be room, but something is missing before it */
    cr_expect_not(buf_reserve(&b, 1));
    cr_expect(b.failed);
    cr_expect_eq(b.len, 3);

    buf_reset(&b);
    buf_append_lit(&b, "again");
    must_hold(&b, "again");
    buf_fini(&b);
}

Test(base_buf, refuses_sizes_that_do_not_exist)
{
    buf b = {0};

    buf_append_lit(&b, "abc");
    cr_expect_not(buf_reserve(&b, SIZE_MAX));
    cr_expect(b.failed);
    buf_reset(&b);
    cr_expect_not(buf_reserve(&b, SIZE_MAX / 2 + 2));
    cr_expect(b.failed);
    buf_fini(&b);
}

Test(base_buf, writes_numbers_to_their_limits)
{
    buf b = {0};

    buf_append_u64(&b, 0);
    buf_append_char(&b, ' ');
    buf_append_u64(&b, 10);
    buf_append_char(&b, ' ');
    buf_append_u64(&b, UINT64_MAX);
    buf_append_char(&b, ' ');
    buf_append_i64(&b, 0);
    buf_append_char(&b, ' ');
    buf_append_i64(&b, -1);
    buf_append_char(&b, ' ');
    buf_append_i64(&b, INT64_MAX);
    buf_append_char(&b, ' ');
    buf_append_i64(&b, INT64_MIN);
    must_hold(&b, "0 10 18446744073709551615 0 -1 9223372036854775807 -9223372036854775808");
    buf_fini(&b);
}

Test(base_buf, prints_behind_what_is_there)
{
    buf b = {0};

    buf_append_lit(&b, "<");
    buf_printf(&b, "%s=%d", "port", 8000);
    buf_printf(&b, "%s", "");
    buf_append_lit(&b, ">");
    must_hold(&b, "<port=8000>");
    buf_fini(&b);
}

Test(base_buf, prints_what_just_fits_and_what_does_not)
{
    buf b = {0};

    for (int len = 250; len < 260; len++) {
        buf_fini(&b);
        buf_printf(&b, "%0*d", len, 7);
        cr_assert_eq(b.len, (size_t)len);
        cr_assert_eq(b.data[len - 1], '7');
    }
    buf_fini(&b);
    failing_alloc_arm(0);
    buf_printf(&b, "%d", 1);
    cr_assert(failing_alloc_disarm());
    cr_expect(b.failed);
    cr_expect_eq(b.len, 0);
}

Test(base_buf, consumes_from_the_front)
{
    buf b = {0};

    buf_append_lit(&b, "abcdef");
    buf_consume(&b, 0);
    must_hold(&b, "abcdef");
    buf_consume(&b, 4);
    must_hold(&b, "ef");
    buf_append_lit(&b, "gh");
    must_hold(&b, "efgh");
    buf_consume(&b, 4);
    must_hold(&b, "");
    buf_append_lit(&b, "i");
    must_hold(&b, "i");
    buf_fini(&b);
}

Test(base_buf, keeps_its_memory_when_it_is_reset)
{
    buf b = {0};

    buf_append_lit(&b, "abc");

    const char *data = b.data;

    buf_reset(&b);
    cr_expect_eq(b.len, 0);
    buf_append_lit(&b, "d");
    cr_expect_eq(b.data, data);
    must_hold(&b, "d");
    buf_fini(&b);
}
