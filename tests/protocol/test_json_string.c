/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "json.h"

typedef struct spelling {
    const char *raw;
    view text;
} spelling;

static const spelling spellings[] = {
    {"\"\"", {"", 0}},
    {"\"abc\"", {"abc", 3}},
    {"\"\\u0061b\\u0063\"", {"abc", 3}},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", {"\"\\/\b\f\n\r\t", 8}},
    {"\"a\\nb\"", {"a\nb", 3}},
    {"\"\\u0000\"", {"\0", 1}},
    {"\"x\\u0000y\"", {"x\0y", 3}},
    {"\"\\u00e9\"", {"\xC3\xA9", 2}},
    {"\"\xC3\xA9\"", {"\xC3\xA9", 2}},
    {"\"\\u20AC\"", {"\xE2\x82\xAC", 3}},
    {"\"\\uD83D\\uDE00\"", {"\xF0\x9F\x98\x80", 4}},
    {"\"\\ud83d\\ude00!\"", {"\xF0\x9F\x98\x80!", 5}},
    {"\"\\uDBFF\\uDFFF\"", {"\xF4\x8F\xBF\xBF", 4}},
    {"\"\\uD800\\uDC00\"", {"\xF0\x90\x80\x80", 4}},
    {"\"\\uD800\"", {"\xEF\xBF\xBD", 3}},
    {"\"\\uDC00\"", {"\xEF\xBF\xBD", 3}},
    {"\"\\uDE00\\uD83D\"", {"\xEF\xBF\xBD\xEF\xBF\xBD", 6}},
    {"\"\\uD800\\uD83D\\uDE00\"", {"\xEF\xBF\xBD\xF0\x9F\x98\x80", 7}},
    {"\"\\uD800x\"", {"\xEF\xBF\xBDx", 4}},
    {"\"\\uD800\\n\"", {"\xEF\xBF\xBD\n", 4}},
    {"\"\\uD800\\u0041\"",
     {"\xEF\xBF\xBD"
      "A",
      4}},
    {"\"\\\\u0041\"", {"\\u0041", 6}},
};

enum { SPELLINGS = sizeof spellings / sizeof *spellings };

Test(protocol_json_string, decodes_every_escape)
{
    for (size_t i = 0; i < SPELLINGS; i++) {
        buf out = {0};

        cr_assert(json_string_decode(view_of(spellings[i].raw), &out), "%s", spellings[i].raw);
        cr_assert(view_eq(buf_view(&out), spellings[i].text), "%s", spellings[i].raw);
        buf_fini(&out);
    }
}

Test(protocol_json_string, decoding_appends)
{
    buf out = {0};

    buf_append_lit(&out, "channel ");
    cr_assert(json_string_decode(VIEW_LIT("\"\\u0061\""), &out));
    cr_assert(view_eq(buf_view(&out), VIEW_LIT("channel a")));
    buf_fini(&out);
}

Test(protocol_json_string, what_is_decoded_is_never_longer_than_what_was_written)
{
    for (size_t i = 0; i < SPELLINGS; i++)
        cr_assert_leq(spellings[i].text.len, strlen(spellings[i].raw) - 2);
}

Test(protocol_json_string, a_string_is_what_it_stands_for_and_nothing_else)
{
    for (size_t i = 0; i < SPELLINGS; i++) {
        for (size_t j = 0; j < SPELLINGS; j++) {
            bool same = view_eq(spellings[i].text, spellings[j].text);

            cr_assert_eq(json_string_is(view_of(spellings[i].raw), spellings[j].text), same,
                         "%s against row %zu", spellings[i].raw, j);
        }
    }
}

Test(protocol_json_string, a_prefix_is_not_the_string)
{
    cr_assert_not(json_string_is(VIEW_LIT("\"channels\""), VIEW_LIT("channel")));
    cr_assert_not(json_string_is(VIEW_LIT("\"channe\""), VIEW_LIT("channel")));
    cr_assert_not(json_string_is(VIEW_LIT("\"channel\\u0073\""), VIEW_LIT("channel")));
    cr_assert_not(json_string_is(VIEW_LIT("\"\\u0063hanne\""), VIEW_LIT("channel")));
}

/* Both are two bytes between quotes, but the escape stands for one. */
Test(protocol_json_string, an_escape_is_not_compared_by_its_letters)
{
    cr_assert_not(json_string_is(VIEW_LIT("\"\\n\""), VIEW_LIT("\\n")));
    cr_assert(json_string_is(VIEW_LIT("\"\\n\""), VIEW_LIT("\n")));
}

Test(protocol_json_string, what_is_no_string_is_neither_decoded_nor_equal)
{
    const char *others[] = {"", "\"", "a", "1", "null", "[\"a\"]", "\"a", "a\""};
    buf out = {0};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cr_assert_not(json_string_decode(view_of(others[i]), &out), "%s", others[i]);
        cr_assert_not(json_string_is(view_of(others[i]), VIEW_LIT("a")), "%s", others[i]);
        cr_assert_not(json_string_is(view_of(others[i]), VIEW_LIT("")), "%s", others[i]);
    }
    cr_assert_eq(out.len, 0u);
    buf_fini(&out);
}

Test(protocol_json_string, a_buffer_that_has_failed_is_reported)
{
    buf out = {.failed = true};

    cr_assert_not(json_string_decode(VIEW_LIT("\"a\\n\""), &out));
    buf_fini(&out);
}
