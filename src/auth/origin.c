/* SPDX-License-Identifier: MIT */
#include "auth.h"

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool char_matches(char pattern, char text, bool nocase)
{
    if (pattern == '?')
        return true;
    return nocase ? lower(pattern) == lower(text) : pattern == text;
}

/*
 * Only the last star seen has to be remembered: what an earlier one took is settled, since a star
 * further on can make up for any rest. So on a mismatch the last star takes one byte more.
 */
static bool glob(view pattern, view text, bool nocase)
{
    size_t p = 0;
    size_t t = 0;
    size_t after_star = 0; /* in the pattern; 0: no star yet */
    size_t star_text = 0;  /* where the bytes end that the star took */

    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            after_star = ++p;
            star_text = t;
        } else if (p < pattern.len && char_matches(pattern.ptr[p], text.ptr[t], nocase)) {
            p++;
            t++;
        } else if (after_star != 0) {
            p = after_star;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

bool auth_glob_match(view pattern, view text)
{
    return glob(pattern, text, false);
}

/* What follows "://"; empty: there is none. */
static view after_scheme(view origin)
{
    const char *at = origin.len == 0 ? NULL : memmem(origin.ptr, origin.len, "://", 3);

    return at == NULL ? (view){0} : view_skip(origin, (size_t)(at - origin.ptr) + 3);
}

/* host[:port] without the port; an IPv6 address keeps its brackets */
static view without_port(view host)
{
    const char *colon = host.len == 0 ? NULL : memrchr(host.ptr, ':', host.len);

    if (colon == NULL || memchr(colon, ']', host.len - (size_t)(colon - host.ptr)) != NULL)
        return host;
    return (view){.ptr = host.ptr, .len = (size_t)(colon - host.ptr)};
}

/* A browser sends scheme://host[:port] and nothing else (RFC 6454 section 7). With a path or a user
 * in it, a star could be led past the host: https://evil.com/.example.com */
static bool is_plain_host(view host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (host.ptr[i] == '\0' || strchr("/\\?#@ \t", host.ptr[i]) != NULL)
            return false;
    }
    return host.len != 0;
}

static bool glob_allows(view pattern, view origin)
{
    view host = after_scheme(origin);

    if (view_eq(pattern, VIEW_LIT("*")))
        return true;
    if (!is_plain_host(host)) /* "null", the origin of a sandbox, has to be named in full */
        return view_eq_nocase(pattern, origin) && view_eq_nocase(origin, VIEW_LIT("null"));
    if (glob(pattern, origin, true))
        return true;
    return after_scheme(pattern).len == 0 &&
           (glob(pattern, host, true) || glob(pattern, without_port(host), true));
}

bool auth_origin_allowed(view origin, const char *const *globs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (glob_allows(view_of(globs[i]), origin))
            return true;
    }
    return false;
}
