/* SPDX-License-Identifier: MIT */
/*
 * A view: bytes that belong to somebody else. It never owns memory and is not NUL-terminated;
 * whoever returns one says how long it stays good.
 */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

typedef struct view {
    const char *ptr; /* may be NULL when len is 0 */
    size_t len;      /* bytes */
} view;

#define VIEW_LIT(literal)                            \
    (view)                                           \
    {                                                \
        .ptr = (literal), .len = sizeof(literal) - 1 \
    }

static inline view view_of(const char *string)
{
    return (view){.ptr = string, .len = string == NULL ? 0 : strlen(string)};
}

static inline bool view_eq(view a, view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII case is ignored, as for header names (RFC 9110 section 5.1). */
static inline bool view_eq_nocase(view a, view b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool view_starts_with(view text, view prefix)
{
    return text.len >= prefix.len &&
           (prefix.len == 0 || memcmp(text.ptr, prefix.ptr, prefix.len) == 0);
}

/* What follows the first `count` bytes; count <= v.len. */
static inline view view_skip(view v, size_t count)
{
    return (view){.ptr = v.ptr + count, .len = v.len - count};
}

/* Copies the bytes to *at, where there must be room, and moves *at behind them. */
static inline view view_copy(view v, char **at)
{
    view copied = {.ptr = *at, .len = v.len};

    if (v.len != 0)
        memcpy(*at, v.ptr, v.len);
    *at += v.len;
    return copied;
}

#endif
