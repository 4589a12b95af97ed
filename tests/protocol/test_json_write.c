/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "json.h"

static void expect_string(view text, const char *expected)
{
    buf out = {0};

    json_write_string(&out, text);
    cr_assert(json_valid(buf_view(&out)));
    cr_assert(view_eq(buf_view(&out), view_of(expected)), "%.*s is not %s", (int)out.len, out.data,
              expected);
    buf_fini(&out);
}

Test(protocol_json_write, plain_text_is_quoted)
{
    expect_string(VIEW_LIT(""), "\"\"");
    expect_string((view){0}, "\"\"");
    expect_string(VIEW_LIT("dashboard:42#7 /~\x7f"), "\"dashboard:42#7 /~\x7f\"");
}

Test(protocol_json_write, what_would_end_or_bend_a_string_is_escaped)
{
    expect_string(VIEW_LIT("\"\\"), "\"\\\"\\\\\"");
    expect_string(VIEW_LIT("\n\r\t"), "\"\\n\\r\\t\"");
    expect_string(VIEW_LIT("\0\x01\b\f\x1f"), "\"\\u0000\\u0001\\u0008\\u000c\\u001f\"");
    expect_string(VIEW_LIT("a\nb\nc"), "\"a\\nb\\nc\"");
}

Test(protocol_json_write, html_is_harmless)
{
    expect_string(VIEW_LIT("</b>&amp;"), "\"\\u003c/b\\u003e\\u0026amp;\"");
}

Test(protocol_json_write, unicode_passes_but_for_two_line_separators)
{
    expect_string(VIEW_LIT("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
                  "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
    expect_string(VIEW_LIT("a\xE2\x80\xA8"
                           "b\xE2\x80\xA9"),
                  "\"a\\u2028b\\u2029\"");
    expect_string(VIEW_LIT("\xE2\x80\xA7\xE2\x80\xAA"), "\"\xE2\x80\xA7\xE2\x80\xAA\"");
}

Test(protocol_json_write, each_byte_that_is_not_utf8_becomes_a_replacement)
{
    expect_string(VIEW_LIT("a\xFF"
                           "b"),
                  "\"a\xEF\xBF\xBD"
                  "b\"");
    expect_string(VIEW_LIT("\xC0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    expect_string(VIEW_LIT("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    expect_string(VIEW_LIT("\xC3\""), "\"\xEF\xBF\xBD\\\"\"");
}

Test(protocol_json_write, what_is_written_reads_back_the_same)
{
    char bytes[256];
    buf out = {0};
    buf back = {0};

    for (int c = 0; c < 128; c++) {
        for (int i = 0; i < 256; i++)
            bytes[i] = (char)((i * 7 + c) % 128);

        view text = {.ptr = bytes, .len = (size_t)c * 2};

        buf_reset(&out);
        buf_reset(&back);
        json_write_string(&out, text);
        cr_assert(json_string_decode(buf_view(&out), &back));
        cr_assert(view_eq(buf_view(&back), text));
    }
    buf_fini(&out);
    buf_fini(&back);
}

static void expect_raw(const char *value, const char *expected)
{
    buf out = {0};

    json_write_raw(&out, view_of(value));
    cr_assert(view_eq(buf_view(&out), view_of(expected)), "%.*s is not %s", (int)out.len, out.data,
              expected);
    buf_fini(&out);
}

Test(protocol_json_write, raw_json_keeps_every_byte_but_line_breaks)
{
    expect_raw("{\"b\":1.50,\"a\":1e2}", "{\"b\":1.50,\"a\":1e2}");
    expect_raw("{\r\n\t\"a\": [\n1,\r\n2 ]\n}\n", "{\t\"a\": [1,2 ]}");
    expect_raw("\n1", "1");
    expect_raw("[1,\r2]", "[1,2]");
    expect_raw("\"a\\nb\\r\"", "\"a\\nb\\r\"");
    expect_raw("", "");
}

Test(protocol_json_write, raw_json_is_appended)
{
    buf out = {0};

    buf_append_lit(&out, "x\n");
    json_write_raw(&out, VIEW_LIT("[\n]"));
    cr_assert(view_eq(buf_view(&out), VIEW_LIT("x\n[]")), "earlier content is left alone");
    buf_fini(&out);
}

Test(protocol_json_write, a_buffer_that_has_failed_takes_nothing)
{
    buf out = {.failed = true};

    json_write_raw(&out, VIEW_LIT("[\n]"));
    json_write_string(&out, VIEW_LIT("<a>"));
    cr_assert_eq(out.len, 0u);
    cr_assert(out.failed);
}
