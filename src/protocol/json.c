/* SPDX-License-Identifier: MIT */
/*
 * Is it JSON? A scanner that goes down into a value until it has passed something that is no
 * container, then up through the brackets that close, to the comma before the next value, and so
 * on. What it must remember of the way down is one bit per level: object or array.
 */
#include "json.h"

#include "json_scan.h"
#include "utf8.h"

typedef struct scanner {
    const char *at;
    const char *end;
    size_t depth;
    uint64_t objects[JSON_MAX_DEPTH / 64]; /* bit d: level d is an object; stale from depth up */
} scanner;

static bool push(scanner *s, bool object)
{
    if (s->depth == JSON_MAX_DEPTH)
        return false;

    uint64_t bit = UINT64_C(1) << s->depth % 64;
    uint64_t *word = &s->objects[s->depth / 64];

    *word = object ? *word | bit : *word & ~bit;
    s->depth++;
    return true;
}

static bool in_object(const scanner *s)
{
    size_t level = s->depth - 1;

    return (s->objects[level / 64] >> level % 64 & 1) != 0;
}

/* The next character that is not white space; NUL, which no token begins with, at the end. */
static char peek(scanner *s)
{
    s->at = json_skip_space(s->at, s->end);
    return s->at < s->end ? *s->at : '\0';
}

static bool is_hex(char c)
{
    return json_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* At a backslash. */
static bool scan_escape(scanner *s)
{
    if (s->end - s->at < 2)
        return false;

    char c = s->at[1];

    s->at += 2;
    if (c != 'u')
        return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
    if (s->end - s->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        if (!is_hex(*s->at++))
            return false;
    }
    return true;
}

/* At the opening quote. */
static bool scan_string(scanner *s)
{
    s->at++;
    for (;;) {
        s->at = json_skip_plain(s->at, s->end);
        if (s->at == s->end)
            return false;

        char c = *s->at;

        if (c == '"') {
            s->at++;
            return true;
        }
        if (c == '\\') {
            if (!scan_escape(s))
                return false;
        } else {
            size_t len = (unsigned char)c < 0x20 ? 0 : utf8_sequence(s->at, s->end);

            if (len == 0)
                return false;
            s->at += len;
        }
    }
}

/* One digit or more. */
static bool scan_digits(scanner *s)
{
    const char *start = s->at;

    while (s->at < s->end && json_is_digit(*s->at))
        s->at++;
    return s->at != start;
}

static bool accept(scanner *s, char c)
{
    bool found = s->at < s->end && *s->at == c;

    s->at += found;
    return found;
}

static bool scan_number(scanner *s)
{
    (void)accept(s, '-'); /* may be there or not, as the other signs below */
    if (!accept(s, '0') && !scan_digits(s))
        return false;
    if (accept(s, '.') && !scan_digits(s))
        return false;
    if (accept(s, 'e') || accept(s, 'E')) {
        if (!accept(s, '+'))
            (void)accept(s, '-');
        return scan_digits(s);
    }
    return true;
}

static bool scan_literal(scanner *s, view literal)
{
    view rest = {.ptr = s->at, .len = (size_t)(s->end - s->at)};

    if (!view_starts_with(rest, literal))
        return false;
    s->at += literal.len;
    return true;
}

/* A value that is no container; `first` is its first character. */
static bool scan_scalar(scanner *s, char first)
{
    switch (first) {
    case '"':
        return scan_string(s);
    case 't':
        return scan_literal(s, VIEW_LIT("true"));
    case 'f':
        return scan_literal(s, VIEW_LIT("false"));
    case 'n':
        return scan_literal(s, VIEW_LIT("null"));
    default:
        return scan_number(s);
    }
}

/* The name of a member and its colon. */
static bool scan_key(scanner *s)
{
    if (peek(s) != '"' || !scan_string(s) || peek(s) != ':')
        return false;
    s->at++;
    return true;
}

/* A whole scalar; or the way down into a container, up to and with the first scalar in it, or up to
 * the bracket that closes an empty one. */
static bool descend(scanner *s)
{
    for (;;) {
        char c = peek(s);
        bool object = c == '{';

        if (!object && c != '[')
            return scan_scalar(s, c);
        if (!push(s, object))
            return false;
        s->at++;
        if (peek(s) == (object ? '}' : ']'))
            return true;
        if (object && !scan_key(s))
            return false;
    }
}

/* The brackets that close here, then the comma before the next value, if the document goes on. */
static bool ascend(scanner *s)
{
    while (s->depth != 0) {
        char c = peek(s);
        bool object = in_object(s);

        if (c == ',') {
            s->at++;
            return !object || scan_key(s);
        }
        if (c != (object ? '}' : ']'))
            return false;
        s->at++;
        s->depth--;
    }
    return true;
}

bool json_valid(view text)
{
    if (text.len == 0)
        return false;

    scanner s = {.at = text.ptr, .end = text.ptr + text.len};

    do {
        if (!descend(&s) || !ascend(&s))
            return false;
    } while (s.depth != 0);
    return json_skip_space(s.at, s.end) == s.end;
}
