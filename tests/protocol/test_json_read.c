/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "json.h"

static void expect_view(view actual, const char *expected)
{
    cr_assert(view_eq(actual, view_of(expected)), "'%.*s' is not '%s'", (int)actual.len, actual.ptr,
              expected);
}

Test(protocol_json_read, kinds_are_told_by_the_first_character)
{
    cr_assert_eq(json_kind_of(VIEW_LIT("null")), JSON_KIND_NULL);
    cr_assert_eq(json_kind_of(VIEW_LIT(" true")), JSON_KIND_BOOL);
    cr_assert_eq(json_kind_of(VIEW_LIT("false")), JSON_KIND_BOOL);
    cr_assert_eq(json_kind_of(VIEW_LIT("\n-1")), JSON_KIND_NUMBER);
    cr_assert_eq(json_kind_of(VIEW_LIT("0")), JSON_KIND_NUMBER);
    cr_assert_eq(json_kind_of(VIEW_LIT("\"\"")), JSON_KIND_STRING);
    cr_assert_eq(json_kind_of(VIEW_LIT("\t[1]")), JSON_KIND_ARRAY);
    cr_assert_eq(json_kind_of(VIEW_LIT("{}")), JSON_KIND_OBJECT);
    cr_assert_eq(json_kind_of((view){0}), JSON_KIND_NULL);
}

Test(protocol_json_read, only_containers_can_be_walked)
{
    json_iter it;

    cr_assert_not(json_iter_init(&it, VIEW_LIT("1")));
    cr_assert_not(json_iter_init(&it, VIEW_LIT("\"[]\"")));
    cr_assert_not(json_iter_init(&it, VIEW_LIT("null")));
    cr_assert_not(json_iter_init(&it, (view){0}));
    cr_assert(json_iter_init(&it, VIEW_LIT(" []")));
    cr_assert_not(it.object);
    cr_assert(json_iter_init(&it, VIEW_LIT(" {}")));
    cr_assert(it.object);
}

/* "key=value;key=value;" of a container. */
static void expect_members(const char *text, const char *expected)
{
    json_iter it;
    view key;
    view value;
    buf seen = {0};

    cr_assert(json_iter_init(&it, view_of(text)));
    while (json_iter_next(&it, &key, &value)) {
        buf_append_view(&seen, key);
        buf_append_char(&seen, '=');
        buf_append_view(&seen, value);
        buf_append_char(&seen, ';');
    }
    cr_assert_not(json_iter_next(&it, &key, &value), "the end stays the end");
    buf_append_char(&seen, '\0');
    cr_assert_str_eq(seen.data, expected);
    buf_fini(&seen);
}

Test(protocol_json_read, a_walk_yields_every_member_once_and_in_order)
{
    expect_members("[]", "");
    expect_members(" [ \n ] ", "");
    expect_members("{}", "");
    expect_members("{ }", "");
    expect_members("[1,2,3]", "=1;=2;=3;");
    expect_members(" [ 1 ,\t2\n,\r3 ] \n", "=1;=2;=3;");
    expect_members("{\"a\":1,\"b\":\"x\"}", "\"a\"=1;\"b\"=\"x\";");
    expect_members(" { \"a\" : 1 , \"b\" : [ 1 , 2 ] } ", "\"a\"=1;\"b\"=[ 1 , 2 ];");
    expect_members("{\"a\":1,\"a\":2,\"\":3}", "\"a\"=1;\"a\"=2;\"\"=3;");
    expect_members("[[],{},[[]],\"\"]", "=[];={};=[[]];=\"\";");
}

Test(protocol_json_read, brackets_and_quotes_inside_strings_do_not_count)
{
    expect_members("{\"a]}\\\"\":\"}],\\\\\",\"b\":[\"]\",\"\\\"]\"],\"c\":{\"}\":\"{\"}}",
                   "\"a]}\\\"\"=\"}],\\\\\";\"b\"=[\"]\",\"\\\"]\"];\"c\"={\"}\":\"{\"};");
}

Test(protocol_json_read, key_may_be_null)
{
    json_iter it;
    view value;

    cr_assert(json_iter_init(&it, VIEW_LIT("{\"a\":true}")));
    cr_assert(json_iter_next(&it, NULL, &value));
    expect_view(value, "true");
    cr_assert_not(json_iter_next(&it, NULL, &value));
}

Test(protocol_json_read, a_walk_over_text_that_is_no_json_ends)
{
    const char *texts[] = {
        "[]]",  "[}",  "{\"",          "{\"a",   "{\"a\"",   "{\"a\":", "[\"\\", "[[[", "{{{",
        "[,,,", "{a}", "{\"a\"\"b\"}", "[1 2 3", "{\"a\":]", "[:",      "{:}",   "[{]", "{,"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_iter it;
        view value;
        size_t steps = 0;

        cr_assert(json_iter_init(&it, view_of(texts[i])));
        while (json_iter_next(&it, NULL, &value))
            cr_assert_lt(steps++, 10u, "%s", texts[i]);
    }
}

Test(protocol_json_read, u64_takes_plain_digits_up_to_its_maximum)
{
    uint64_t n = 1;

    cr_assert(json_u64(VIEW_LIT("0"), &n) && n == 0);
    cr_assert(json_u64(VIEW_LIT("42"), &n) && n == 42);
    cr_assert(json_u64(VIEW_LIT("9007199254740993"), &n) && n == 9007199254740993);
    cr_assert(json_u64(VIEW_LIT("18446744073709551615"), &n) && n == UINT64_MAX);

    const char *bad[] = {"18446744073709551616",
                         "99999999999999999999",
                         "184467440737095516150",
                         "-1",
                         "-0",
                         "1.0",
                         "1e3",
                         "\"1\"",
                         "true",
                         "null",
                         "[]",
                         "",
                         " 1",
                         "1 "};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(json_u64(view_of(bad[i]), &n), "%s", bad[i]);
}

Test(protocol_json_read, i64_takes_both_extremes)
{
    int64_t n = 1;

    cr_assert(json_i64(VIEW_LIT("0"), &n) && n == 0);
    cr_assert(json_i64(VIEW_LIT("-0"), &n) && n == 0);
    cr_assert(json_i64(VIEW_LIT("-1"), &n) && n == -1);
    cr_assert(json_i64(VIEW_LIT("9223372036854775807"), &n) && n == INT64_MAX);
    cr_assert(json_i64(VIEW_LIT("-9223372036854775808"), &n) && n == INT64_MIN);

    const char *bad[] = {"9223372036854775808",
                         "-9223372036854775809",
                         "18446744073709551616",
                         "-",
                         "--1",
                         "1.5",
                         "1e1",
                         "\"-1\"",
                         "null",
                         ""};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(json_i64(view_of(bad[i]), &n), "%s", bad[i]);
}

Test(protocol_json_read, bool_is_one_of_two_words)
{
    bool b = false;

    cr_assert(json_bool(VIEW_LIT("true"), &b) && b);
    cr_assert(json_bool(VIEW_LIT("false"), &b) && !b);
    cr_assert_not(json_bool(VIEW_LIT("1"), &b));
    cr_assert_not(json_bool(VIEW_LIT("null"), &b));
    cr_assert_not(json_bool(VIEW_LIT("\"true\""), &b));
    cr_assert_not(json_bool((view){0}, &b));
}
