/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "utf8.h"

static size_t sequence(const char *bytes, size_t len)
{
    return utf8_sequence(bytes, bytes + len);
}

Test(protocol_utf8, every_code_point_survives_encoding)
{
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char bytes[4];
        size_t len = utf8_encode(code, bytes);
        bool surrogate = code >= 0xD800 && code <= 0xDFFF;

        cr_expect_eq(sequence(bytes, len), surrogate ? 0 : len, "U+%04X", code);
    }
}

Test(protocol_utf8, lengths_change_at_the_right_code_points)
{
    char bytes[4];

    cr_assert_eq(utf8_encode(0x7F, bytes), 1u);
    cr_assert_eq(utf8_encode(0x80, bytes), 2u);
    cr_assert_eq(utf8_encode(0x7FF, bytes), 2u);
    cr_assert_eq(utf8_encode(0x800, bytes), 3u);
    cr_assert_eq(utf8_encode(0xFFFF, bytes), 3u);
    cr_assert_eq(utf8_encode(0x10000, bytes), 4u);
    cr_assert_eq(memcmp(bytes, "\xF0\x90\x80\x80", 4), 0);
}

Test(protocol_utf8, ill_formed_sequences_have_no_length)
{
    const char *bad[] = {
        "\x80",             /* continuation alone */
        "\xC0\x80",         /* overlong NUL */
        "\xC1\xBF",         /* overlong */
        "\xE0\x9F\xBF",     /* overlong U+07FF */
        "\xED\xA0\x80",     /* U+D800 */
        "\xED\xBF\xBF",     /* U+DFFF */
        "\xF0\x8F\xBF\xBF", /* overlong U+FFFF */
        "\xF4\x90\x80\x80", /* U+110000 */
        "\xF5\x80\x80\x80",
        "\xFF",
        "\xC3(",
        "\xE2\x82(",
        "\xE2(\x80",
        "\xF0(\x80\x80",
        "\xF0\x9F\x98(",
        "\xF0\x9F(\x80",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(sequence(bad[i], strlen(bad[i])), 0u, "row %zu", i);
}

Test(protocol_utf8, a_sequence_cut_short_has_no_length)
{
    const char *good[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        size_t len = strlen(good[i]);

        cr_assert_eq(sequence(good[i], len), len);
        for (size_t cut = 1; cut < len; cut++)
            cr_assert_eq(sequence(good[i], cut), 0u, "row %zu cut %zu", i, cut);
    }
}
