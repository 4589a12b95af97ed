/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "api_internal.h"

static api_call call;

/* What the members below were read to. */
static view text;
static view raw;
static view strings;
static view object;
static view tags;
static bool flag;
static uint32_t number;

static const param all[] = {
    {VIEW_LIT("text"), PARAM_STRING, &text},        {VIEW_LIT("raw"), PARAM_RAW, &raw},
    {VIEW_LIT("flag"), PARAM_BOOL, &flag},          {VIEW_LIT("number"), PARAM_U32, &number},
    {VIEW_LIT("strings"), PARAM_STRINGS, &strings}, {VIEW_LIT("object"), PARAM_OBJECT, &object},
    {VIEW_LIT("tags"), PARAM_TAGS, &tags},
};

static void setup(void)
{
    cr_assert(buf_reserve(&call.strings, 4096));
}

static void teardown(void)
{
    buf_fini(&call.strings);
}

TestSuite(api_params, .init = setup, .fini = teardown);

static bool reads(const char *json)
{
    return params_read(&call, view_of(json), all, sizeof all / sizeof *all);
}

static void must_be(view got, const char *expected)
{
    cr_expect(view_eq(got, view_of(expected)), "%.*s instead of %s", (int)got.len, got.ptr,
              expected);
}

Test(api_params, reads_every_type)
{
    cr_assert(reads("{\"text\":\"a\",\"raw\":[1, 2],\"flag\":true,\"number\":7,"
                    "\"strings\":[\"x\",\"y\"],\"object\":{\"k\":1},\"tags\":{\"k\":\"v\"}}"));
    must_be(text, "a");
    must_be(raw, "[1, 2]");
    cr_expect(flag);
    cr_expect_eq(number, 7);
    must_be(strings, "[\"x\",\"y\"]");
    must_be(object, "{\"k\":1}");
    must_be(tags, "{\"k\":\"v\"}");
}

Test(api_params, takes_empty_values)
{
    cr_assert(reads("{\"text\":\"\",\"strings\":[],\"object\":{},\"tags\":{}}"));
    cr_expect_eq(text.len, 0);
    must_be(strings, "[]");
    must_be(object, "{}");
    must_be(tags, "{}");
    cr_assert(reads("{}"));
    cr_assert(reads(" { } "));
}

Test(api_params, ignores_members_it_does_not_know)
{
    cr_assert(reads("{\"other\":{\"text\":\"b\"},\"Text\":1,\"text \":2,\"\":3}"));
    cr_expect_eq(text.len, 0);
}

Test(api_params, leaves_absent_and_null_ones_alone)
{
    text = VIEW_LIT("before");
    raw = VIEW_LIT("before");
    flag = true;
    number = 9;
    cr_assert(reads("{\"text\":null,\"raw\":null,\"flag\":null,\"number\":null,\"tags\":null}"));
    must_be(text, "before");
    must_be(raw, "before");
    cr_expect(flag);
    cr_expect_eq(number, 9);
}

Test(api_params, takes_the_last_of_duplicates)
{
    cr_assert(reads("{\"text\":\"a\",\"number\":1,\"text\":\"b\",\"number\":2}"));
    must_be(text, "b");
    cr_expect_eq(number, 2);
    cr_assert(reads("{\"text\":\"c\",\"text\":null}"));
    must_be(text, "c");
    cr_expect_not(reads("{\"number\":\"wrong\",\"number\":2}"), "the first is checked too");
}

Test(api_params, decodes_escapes_and_keeps_all_of_them)
{
    view second = {0};
    const param two[] = {{VIEW_LIT("a"), PARAM_STRING, &text},
                         {VIEW_LIT("b"), PARAM_STRING, &second}};
    const char *data = call.strings.data;

    cr_assert(
        params_read(&call, VIEW_LIT("{\"a\":\"x\\n\\u00e9\\\"\",\"b\":\"\\u0041\\/\"}"), two, 2));
    must_be(text, "x\n\xc3\xa9\"");
    must_be(second, "A/");
    cr_expect_eq(call.strings.data, data, "views into it would be lost");
}

Test(api_params, knows_a_name_that_was_escaped)
{
    cr_assert(reads("{\"t\\u0065xt\":\"a\"}"));
    must_be(text, "a");
}

Test(api_params, refuses_wrong_types)
{
    static const char *const wrong[] = {
        "{\"text\":1}",
        "{\"text\":{}}",
        "{\"text\":true}",
        "{\"flag\":\"true\"}",
        "{\"flag\":1}",
        "{\"number\":\"7\"}",
        "{\"number\":-1}",
        "{\"number\":1.0}",
        "{\"number\":1e2}",
        "{\"number\":4294967296}",
        "{\"number\":18446744073709551616}",
        "{\"strings\":\"x\"}",
        "{\"strings\":{}}",
        "{\"strings\":[\"x\",1]}",
        "{\"strings\":[null]}",
        "{\"strings\":[[\"x\"]]}",
        "{\"object\":[]}",
        "{\"object\":\"{}\"}",
        "{\"tags\":[]}",
        "{\"tags\":[\"v\"]}",
        "{\"tags\":{\"k\":1}}",
        "{\"tags\":{\"k\":\"v\",\"l\":null}}",
        "{\"tags\":{\"k\":{}}}",
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_not(reads(wrong[i]), "%s", wrong[i]);
}

Test(api_params, takes_the_largest_number)
{
    cr_assert(reads("{\"number\":4294967295}"));
    cr_expect_eq(number, UINT32_MAX);
}

Test(api_params, refuses_what_is_no_object)
{
    cr_expect_not(reads("[]"));
    cr_expect_not(reads("\"text\""));
    cr_expect_not(reads("null"));
    cr_expect_not(reads("1"));
    cr_expect_not(reads(""));
}

Test(api_params, walks_the_strings_of_an_array)
{
    json_iter it;
    view one = {0};

    cr_assert(reads("{\"strings\":[\"plain\", \"\\u0041b\", \"\"]}"));
    cr_assert(json_iter_init(&it, strings));
    cr_assert(params_next_string(&call, &it, &one));
    must_be(one, "plain");
    cr_assert(params_next_string(&call, &it, &one));
    must_be(one, "Ab");
    cr_assert(params_next_string(&call, &it, &one));
    must_be(one, "");
    cr_expect_not(params_next_string(&call, &it, &one));
}
