/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "base64.h"
#include "failing_alloc.h"

static void must_decode(view text, view bytes)
{
    buf out = {0};

    buf_append_lit(&out, "<");
    cr_expect(base64_decode(text, &out), "%.*s", (int)text.len, text.ptr);
    cr_assert_eq(out.len, bytes.len + 1, "%.*s: %zu bytes", (int)text.len, text.ptr, out.len - 1);
    cr_expect(view_eq(view_skip(buf_view(&out), 1), bytes), "%.*s", (int)text.len, text.ptr);
    buf_fini(&out);
}

static void must_refuse(view text)
{
    buf out = {0};

    buf_append_lit(&out, "<");
    cr_expect_not(base64_decode(text, &out), "%.*s", (int)text.len, text.ptr);
    cr_expect_not(out.failed);
    cr_expect(view_eq(buf_view(&out), VIEW_LIT("<")));
    buf_fini(&out);
}

/* RFC 4648 section 10 */
Test(auth_base64, decodes_the_vectors_of_its_rfc)
{
    must_decode(VIEW_LIT(""), VIEW_LIT(""));
    must_decode(VIEW_LIT("Zg=="), VIEW_LIT("f"));
    must_decode(VIEW_LIT("Zm8="), VIEW_LIT("fo"));
    must_decode(VIEW_LIT("Zm9v"), VIEW_LIT("foo"));
    must_decode(VIEW_LIT("Zm9vYg=="), VIEW_LIT("foob"));
    must_decode(VIEW_LIT("Zm9vYmE="), VIEW_LIT("fooba"));
    must_decode(VIEW_LIT("Zm9vYmFy"), VIEW_LIT("foobar"));
}

Test(auth_base64, decodes_every_value)
{
    must_decode((view){0}, (view){0});
    must_decode(VIEW_LIT("AAAA"), VIEW_LIT("\0\0\0"));
    must_decode(VIEW_LIT("AA=="), VIEW_LIT("\0"));
    must_decode(VIEW_LIT("////"), VIEW_LIT("\xff\xff\xff"));
    must_decode(VIEW_LIT("+/+/"), VIEW_LIT("\xfb\xff\xbf"));
    must_decode(VIEW_LIT("+A=="), VIEW_LIT("\xf8"));
}

Test(auth_base64, refuses_what_is_not_padded)
{
    must_refuse(VIEW_LIT("Z"));
    must_refuse(VIEW_LIT("Zg"));
    must_refuse(VIEW_LIT("Zm8"));
    must_refuse(VIEW_LIT("Zg="));
    must_refuse(VIEW_LIT("Zm9vY"));
}

Test(auth_base64, refuses_padding_elsewhere)
{
    must_refuse(VIEW_LIT("===="));
    must_refuse(VIEW_LIT("Z==="));
    must_refuse(VIEW_LIT("Zm9v===="));
    must_refuse(VIEW_LIT("Zg==Zg=="));
    must_refuse(VIEW_LIT("Z=g="));
    must_refuse(VIEW_LIT("=Zm9"));
}

/* true: this byte may stand in the place `at` of eight. */
static bool is_allowed(char c, size_t at)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789+/";

    return c != '\0' && (strchr(alphabet, c) != NULL || (c == '=' && at == 7));
}

Test(auth_base64, refuses_anything_but_the_alphabet)
{
    char text[] = "Zm9vYmFy";

    for (size_t at = 0; at < 8; at++) {
        char right = text[at];

        for (int c = 0; c < 256; c++) {
            text[at] = (char)c;
            if (!is_allowed(text[at], at))
                must_refuse((view){text, 8});
        }
        text[at] = right;
    }
}

Test(auth_base64, tells_when_memory_runs_out)
{
    buf out = {0};

    failing_alloc_arm(0);
    cr_expect_not(base64_decode(VIEW_LIT("Zm9v"), &out));
    cr_assert(failing_alloc_disarm());
    cr_expect(out.failed);
    buf_fini(&out);
}

static void must_round_trip(view text, view bytes)
{
    buf out = {0};

    cr_expect(base64url_decode(text, &out), "%.*s", (int)text.len, text.ptr);
    cr_expect(view_eq(buf_view(&out), bytes), "%.*s", (int)text.len, text.ptr);
    buf_reset(&out);
    base64url_encode(bytes, &out);
    cr_expect(view_eq(buf_view(&out), text), "%.*s", (int)out.len, out.data);
    buf_fini(&out);
}

Test(auth_base64, of_urls_goes_both_ways)
{
    must_round_trip(VIEW_LIT("Zg"), VIEW_LIT("f"));
    must_round_trip(VIEW_LIT("Zm8"), VIEW_LIT("fo"));
    must_round_trip(VIEW_LIT("Zm9v"), VIEW_LIT("foo"));
    must_round_trip(VIEW_LIT("Zm9vYg"), VIEW_LIT("foob"));
    must_round_trip(VIEW_LIT("-_-_"), VIEW_LIT("\xfb\xff\xbf"));
    must_round_trip(VIEW_LIT("____"), VIEW_LIT("\xff\xff\xff"));
    must_round_trip(VIEW_LIT("AAAA09az"), VIEW_LIT("\0\0\0\xd3\xd6\xb3"));
}

Test(auth_base64, of_urls_is_strict)
{
    static const char *const wrong[] = {"Z",  "Zm9vY", "Zg==", "Zm8=",   "+A",    "A/",
                                        "Zh", "Zm9",   "Z g",  "Zm9v\n", "Zm9v.", "\x80ZZZ"};
    buf out = {0};

    buf_append_lit(&out, "<");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_expect_not(base64url_decode(view_of(wrong[i]), &out), "%s", wrong[i]);
        cr_expect(view_eq(buf_view(&out), VIEW_LIT("<")), "%s", wrong[i]);
    }
    cr_expect_not(out.failed);
    buf_fini(&out);
}
