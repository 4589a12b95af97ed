/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "auth.h"

static bool allowed(const char *glob, const char *origin)
{
    return auth_origin_allowed(view_of(origin), &glob, 1);
}

Test(auth_origin, exact)
{
    cr_expect(allowed("https://good.example", "https://good.example"));
    cr_expect(allowed("https://Good.Example", "HTTPS://gooD.example"));
    cr_expect(allowed("http://localhost:8000", "http://localhost:8000"));
    cr_expect_not(allowed("https://good.example", "http://good.example"));
    cr_expect_not(allowed("https://good.example", "https://good.example:8443"));
    cr_expect_not(allowed("https://good.example", "https://good.example.evil.com"));
    cr_expect_not(allowed("https://good.example", "https://evil-good.example"));
    cr_expect_not(allowed("https://good.example", ""));
}

Test(auth_origin, globs)
{
    cr_expect(allowed("*", "https://any.where:1"));
    cr_expect(allowed("*", ""));
    cr_expect(allowed("https://*.good.example", "https://a.b.good.example"));
    cr_expect(allowed("https://*.good.example:*", "https://a.good.example:8443"));
    cr_expect(allowed("http*://good.example", "https://good.example"));
    cr_expect(allowed("*://localhost:*", "http://localhost:3000"));
    cr_expect(allowed("https://app?.example", "https://app1.example"));
    cr_expect_not(allowed("https://*.good.example", "https://good.example"));
    cr_expect_not(allowed("https://*.good.example", "https://a.good.example.evil.com"));
}

Test(auth_origin, pattern_without_scheme_is_for_the_host)
{
    cr_expect(allowed("*.good.example", "https://a.good.example"));
    cr_expect(allowed("*.good.example", "http://a.good.example:8080"));
    cr_expect(allowed("good.example", "https://good.example"));
    cr_expect(allowed("good.example:8080", "https://good.example:8080"));
    cr_expect(allowed("[::1]", "http://[::1]:8080"));
    cr_expect(allowed("[::1]", "http://[::1]"));
    cr_expect_not(allowed("good.example:8080", "https://good.example:8081"));
    cr_expect_not(allowed("good.example", "https://evilgood.example"));
    cr_expect_not(allowed("good.example", "https://good.example.evil.com"));
    cr_expect_not(allowed("*.good.example", "https://good.example.evil.com"));
}

Test(auth_origin, a_star_does_not_lead_past_the_host)
{
    cr_expect_not(allowed("https://*.good.example", "https://evil.com/.good.example"));
    cr_expect_not(allowed("https://*.good.example", "https://evil.com#.good.example"));
    cr_expect_not(allowed("https://*.good.example", "https://evil.com?.good.example"));
    cr_expect_not(allowed("https://*.good.example", "https://evil.com\\.good.example"));
    cr_expect_not(allowed("*.good.example", "https://evil.com/.good.example"));
    cr_expect_not(allowed("https://good*", "https://good@evil.com"));
}

Test(auth_origin, null_has_to_be_named)
{
    cr_expect(allowed("null", "null"));
    cr_expect(allowed("*", "null"));
    cr_expect_not(allowed("n*", "null"));
    cr_expect_not(allowed("**", "null"));
    cr_expect_not(allowed("https://*", "null"));
    cr_expect_not(allowed("nul", "null"));
}

Test(auth_origin, any_of_the_list_will_do)
{
    static const char *const globs[] = {"https://a.example", "https://b.example"};

    cr_expect(auth_origin_allowed(VIEW_LIT("https://b.example"), globs, 2));
    cr_expect_not(auth_origin_allowed(VIEW_LIT("https://b.example"), globs, 1));
    cr_expect_not(auth_origin_allowed(VIEW_LIT("https://b.example"), NULL, 0));
}

static bool matches(const char *pattern, const char *text)
{
    return auth_glob_match(view_of(pattern), view_of(text));
}

Test(auth_glob, matches)
{
    cr_expect(matches("", ""));
    cr_expect(matches("*", ""));
    cr_expect(matches("a*c", "abbc"));
    cr_expect(matches("a*b*c", "a__b_b_c"));
    cr_expect(matches("*ab", "aab"));
    cr_expect(matches("*a*", "bab"));
    cr_expect(matches("a**", "a"));
    cr_expect(matches("?b?", "abc"));
    cr_expect(matches("*?", "a"));
    cr_expect_not(matches("", "a"));
    cr_expect_not(matches("a", ""));
    cr_expect_not(matches("a*c", "abb"));
    cr_expect_not(matches("a*b*c", "a__c_c_b"));
    cr_expect_not(matches("?", ""));
    cr_expect_not(matches("*?", ""));
    cr_expect_not(matches("A", "a"));
}

/* A matcher that tries each star's every length would need longer than the universe has. */
Test(auth_glob, is_quick_with_many_stars, .timeout = 10)
{
    char pattern[200];
    char text[20000];

    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = i % 2 == 0 ? '*' : 'a';
    pattern[sizeof pattern - 1] = 'b';
    memset(text, 'a', sizeof text);
    cr_expect_not(auth_glob_match((view){pattern, sizeof pattern}, (view){text, sizeof text}));
}

static bool key_equal(const char *given, const char *expected)
{
    return auth_key_equal(view_of(given), view_of(expected));
}

Test(auth_key, must_be_equal_and_not_empty)
{
    cr_expect(key_equal("secret", "secret"));
    cr_expect_not(key_equal("Secret", "secret"));
    cr_expect_not(key_equal("secreT", "secret"));
    cr_expect_not(key_equal("secre", "secret"));
    cr_expect_not(key_equal("secrets", "secret"));
    cr_expect_not(key_equal("", "secret"));
    cr_expect_not(key_equal("", ""));
    cr_expect_not(auth_key_equal((view){0}, (view){0}));
}

static void expect_key(const char *header, const char *expected)
{
    view key = auth_apikey_from_authorization(view_of(header));

    cr_expect(view_eq(key, view_of(expected)), "%s", header);
}

Test(auth_key, comes_out_of_the_authorization_header)
{
    expect_key("apikey abc", "abc");
    expect_key("ApiKey   abc", "abc");
    expect_key("apikey a b", "a b");
    expect_key("apikey ", "");
    expect_key("apikey", "");
    expect_key("apikeyabc", "");
    expect_key("Bearer abc", "");
    expect_key("", "");
}
