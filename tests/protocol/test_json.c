/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "json.h"

/* Validates a copy that ends exactly where the text does, so that a sanitizer sees any step over.
 */
static bool valid(view text)
{
    char *copy = malloc(text.len == 0 ? 1 : text.len);

    cr_assert_not_null(copy);
    if (text.len != 0)
        memcpy(copy, text.ptr, text.len);

    bool answer = json_valid((view){.ptr = copy, .len = text.len});

    free(copy);
    return answer;
}

static void expect_all(const char *const *texts, size_t count, bool expected)
{
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(valid(view_of(texts[i])), expected, "%s", texts[i]);
}

Test(protocol_json, accepts_what_the_grammar_allows)
{
    const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-1",
        "10",
        "1.5",
        "0.0",
        "-0.1e1",
        "1e5",
        "1E+5",
        "1e-05",
        "1.25e+10",
        "123456789012345678901234567890",
        "1e9999",
        "-1e-9999",
        "\"\"",
        "\"a\"",
        "[]",
        "{}",
        " [ ] ",
        "\t{\r\n}\n",
        "[1]",
        "[1,2]",
        "[ 1 , 2 ]",
        "[[],[[]],{}]",
        "{\"a\":1}",
        "{ \"a\" : 1 , \"b\" : [ ] }",
        "{\"a\":{\"b\":{\"c\":null}}}",
        "{\"\":0}",
        "{\"a\":1,\"a\":2}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0041\\uABCD\\uabcd\\u0000\"",
        "\"\\uD83D\\uDE00\"",
        "\"\\uD800\"",
        "\"\\uDC00\\uD800\"", /* lone ones are grammatical */
        "\"\x7f\"",
        "\"h\xC3\xA9llo \xE2\x82\xAC \xF0\x9F\x98\x80\"",
        "\"\xE2\x80\xA8\"",
        "\"0123456789abcdef0123456789abcdef\"",
        "[true,false,null,\"x\",-1.5e3,{},[]]",
    };

    expect_all(texts, sizeof texts / sizeof *texts, true);
}

Test(protocol_json, refuses_what_the_grammar_does_not_have)
{
    const char *const texts[] = {
        "",
        " ",
        "\n",
        "nul",
        "nulL",
        "NULL",
        "True",
        "tru",
        "falsey",
        "truefalse",
        "null null",
        "x",
        "undefined",
        "NaN",
        "Infinity",
        "-Infinity",
        "'a'",
        "/**/1",
        "1//",
        "\xEF\xBB\xBF{}",
        "+1",
        "-",
        "--1",
        "01",
        "-01",
        "00",
        "1.",
        ".5",
        "-.5",
        "1.e5",
        "1e",
        "1e+",
        "1e-",
        "1e+-1",
        "1e5.5",
        "0x10",
        "1_000",
        "1 2",
        "1a",
        "\"",
        "\"a",
        "a\"",
        "\"a\"b",
        "\"\\\"",
        "\"\\",
        "\"\\x41\"",
        "\"\\U0041\"",
        "\"\\'\"",
        "\"\\u\"",
        "\"\\u12\"",
        "\"\\u123\"",
        "\"\\u123g\"",
        "\"\\u 123\"",
        "\"\\u-123\"",
        "\"a\nb\"",
        "\"a\tb\"",
        "\"a\rb\"",
        "\"\x1f\"",
        "\"\x01\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[,]",
        "[1 2]",
        "[1,,2]",
        "[1]]",
        "[[1]",
        "[1}",
        "[1:2]",
        "[\"a\":1]",
        "{",
        "}",
        "{]",
        "[}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{,}",
        "{\"a\"}",
        "{\"a\",1}",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "{'a':1}",
        "{null:1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,,\"b\":2}",
        "{\"a\":1}}",
        "{\"a\":[}",
        "{\"a\":1]",
        "{\"a\"::1}",
        "{\"a\":1:2}",
        "{\"a\":}",
        "{:1}",
        "{\"a\":1;\"b\":2}",
        "\v1",
        "\f1",
        "\xC2\xA0\x31",
    };

    expect_all(texts, sizeof texts / sizeof *texts, false);
}

Test(protocol_json, refuses_text_that_is_not_utf8)
{
    const char *const texts[] = {
        "\"\x80\"",
        "\"\xC0\x80\"",
        "\"\xC1\xBF\"",
        "\"\xE0\x80\x80\"",
        "\"\xE0\x9F\xBF\"",
        "\"\xED\xA0\x80\"",
        "\"\xED\xBF\xBF\"",
        "\"\xF0\x80\x80\x80\"",
        "\"\xF0\x8F\xBF\xBF\"",
        "\"\xF4\x90\x80\x80\"",
        "\"\xF5\x80\x80\x80\"",
        "\"\xFF\"",
        "\"\xC3\"",
        "\"\xE2\x82\"",
        "\"\xF0\x9F\x98\"",
        "{\"\xFF\":1}",
        "\xC3\xA9",
        "[\xC3\xA9]",
        "\"0123456\xFF\x38\"",
    };

    expect_all(texts, sizeof texts / sizeof *texts, false);
}

Test(protocol_json, a_nul_byte_is_nowhere_allowed)
{
    cr_assert_not(valid(VIEW_LIT("\0")));
    cr_assert_not(valid(VIEW_LIT("1\0")));
    cr_assert_not(valid(VIEW_LIT("{}\0")));
    cr_assert_not(valid(VIEW_LIT("[1,\0]")));
    cr_assert_not(valid(VIEW_LIT("\"a\0b\"")));
    cr_assert_not(valid(VIEW_LIT("\"\\\0\"")));
    cr_assert_not(valid((view){0}));
}

/* The scanner of strings takes eight bytes at a time: every place in and around them must count. */
Test(protocol_json, a_bad_byte_is_seen_at_every_place_in_a_string)
{
    const unsigned char bad[] = {0x00, 0x01, 0x0A, 0x1F, 0x80, 0xBF, 0xFF};
    char text[34];

    for (size_t i = 0; i < sizeof bad; i++) {
        for (size_t at = 1; at <= 32; at++) {
            memset(text, 'a', sizeof text);
            text[0] = text[33] = '"';
            cr_assert(valid((view){.ptr = text, .len = sizeof text}));
            text[at] = (char)bad[i];
            cr_assert_not(valid((view){.ptr = text, .len = sizeof text}), "%02x at %zu", bad[i],
                          at);
        }
    }
}

Test(protocol_json, a_string_ends_at_its_first_bare_quote_wherever_that_is)
{
    char text[34];

    for (size_t at = 1; at <= 31; at++) {
        memset(text, 'a', sizeof text);
        text[0] = text[33] = text[at] = '"';
        cr_assert_not(valid((view){.ptr = text, .len = sizeof text}), "quote at %zu", at);
        cr_assert(valid((view){.ptr = text, .len = at + 1}), "quote at %zu", at);
        text[at - 1] = '\\';
        cr_assert_eq(valid((view){.ptr = text, .len = sizeof text}), at > 1, "escape at %zu", at);
    }
}

Test(protocol_json, numbers_of_any_size_are_valid)
{
    char digits[400];

    memset(digits, '7', sizeof digits);
    cr_assert(valid((view){.ptr = digits, .len = sizeof digits}));
    digits[200] = 'e';
    cr_assert(valid((view){.ptr = digits, .len = sizeof digits}));
    digits[100] = '.';
    cr_assert(valid((view){.ptr = digits, .len = sizeof digits}));
    digits[300] = '.';
    cr_assert_not(valid((view){.ptr = digits, .len = sizeof digits}));
}

/* `depth` times `open`, then `inner`, then `depth` times `close`. */
static bool nested_valid(size_t depth, const char *open, const char *inner, const char *close)
{
    buf text = {0};

    for (size_t i = 0; i < depth; i++)
        buf_append_view(&text, view_of(open));
    buf_append_view(&text, view_of(inner));
    for (size_t i = 0; i < depth; i++)
        buf_append_view(&text, view_of(close));

    bool answer = valid(buf_view(&text));

    buf_fini(&text);
    return answer;
}

Test(protocol_json, nesting_ends_at_the_limit)
{
    cr_assert(nested_valid(2048, "[", "", "]"));
    cr_assert(nested_valid(2048, "[", "1", "]"));
    cr_assert(nested_valid(2048, "{\"a\":", "1", "}"));
    cr_assert(nested_valid(1024, "[0,{\"a\":", "{}", "}]") == false, "2049 with the inmost");
    cr_assert(nested_valid(1024, "[0,{\"a\":", "null", "}]"));
    cr_assert_not(nested_valid(2049, "[", "", "]"));
    cr_assert_not(nested_valid(2049, "{\"a\":", "1", "}"));
}

Test(protocol_json, depth_beyond_any_stack_is_only_refused)
{
    cr_assert_not(nested_valid(10000, "[", "", "]"));
    cr_assert_not(nested_valid(10000, "[", "", ""));
    cr_assert_not(nested_valid(10000, "{\"a\":", "", ""));
    cr_assert_not(nested_valid(1000000, "[", "", ""));
}

/* The limit is on depth, not on the number of containers. */
Test(protocol_json, many_containers_side_by_side_are_fine)
{
    buf text = {0};

    buf_append_char(&text, '[');
    for (int i = 0; i < 10000; i++)
        buf_append_lit(&text, "[],{},");
    buf_append_lit(&text, "0]");
    cr_assert(valid(buf_view(&text)));
    buf_fini(&text);
}

Test(protocol_json, each_level_remembers_its_own_bracket)
{
    enum { DEPTH = 200 };
    buf text = {0};

    /* Every third level an object; all closed rightly, but for one level each time. */
    for (size_t wrong = 0; wrong <= DEPTH; wrong++) {
        buf_reset(&text);
        for (size_t level = 0; level < DEPTH; level++)
            buf_append_view(&text, view_of(level % 3 == 0 ? "{\"k\":" : "["));
        buf_append_char(&text, '0');
        for (size_t level = DEPTH; level-- > 0;)
            buf_append_char(&text, (level % 3 == 0) != (level == wrong) ? '}' : ']');
        cr_assert_eq(valid(buf_view(&text)), wrong == DEPTH, "level %zu", wrong);
    }
    buf_fini(&text);
}

Test(protocol_json, no_beginning_of_a_document_is_a_document)
{
    view sample =
        VIEW_LIT("{\"push\":{\"channel\":\"b\\u00e9\xC3\xA9\",\"pub\":{\"data\":[1,-2.5e+3,"
                 "true,false,null,{\"\":[]},\"\xF0\x9F\x98\x80\"],\"offset\":9}}}");

    cr_assert(valid(sample));
    for (size_t len = 0; len < sample.len; len++)
        cr_assert_not(valid((view){.ptr = sample.ptr, .len = len}), "%zu bytes", len);
}
