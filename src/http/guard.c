/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <string.h>

#include "http.h"

enum {
    MAX_METHOD = 16, /* bytes; longer than any method there is */
    MAJOR_AT = 6,    /* the sixth byte of "HTTP/1.1" */
    VERSION_LEN = 8, /* of it */
};

static guard_result refuse(guard *g, int status, const char *reason)
{
    g->status = status;
    g->reason = reason;
    return GUARD_BAD;
}

/* Which bytes may stand where; bits. */
enum {
    TOKEN = 1,  /* RFC 9110 section 5.6.2 */
    TARGET = 2, /* visible, and no fragment */
    VALUE = 4,  /* also blanks and bytes over 126: obs-text */
    OFTEN = TARGET | VALUE,
    ALL = TOKEN | TARGET | VALUE,
};

static const unsigned char
    classes[256] =
        {
            ['\t'] = VALUE,        [' '] = VALUE,         ['!'] = ALL,
            ['"'] = OFTEN,         ['#'] = TOKEN | VALUE, ['$' ... '\''] = ALL,
            ['(' ... ')'] = OFTEN, ['*' ... '+'] = ALL,   [','] = OFTEN,
            ['-' ... '.'] = ALL,   ['/'] = OFTEN,         ['0' ... '9'] = ALL,
            [':' ... '@'] = OFTEN, ['A' ... 'Z'] = ALL,   ['[' ... ']'] = OFTEN,
            ['^' ... 'z'] = ALL,   ['{'] = OFTEN,         ['|'] = ALL,
            ['}'] = OFTEN,         ['~'] = ALL,           [0x80 ... 0xff] = VALUE,
};

static bool is(int class, unsigned char c)
{
    return (classes[c] & class) != 0;
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static guard_result in_method(guard *g, unsigned char c)
{
    if (c == ' ') {
        g->place = GUARD_TARGET;
        return GUARD_MORE;
    }
    if (!((c >= 'A' && c <= 'Z') || c == '-'))
        return refuse(g, 400, "bad method");
    return ++g->token_len <= MAX_METHOD ? GUARD_MORE : refuse(g, 501, "unknown method");
}

static guard_result in_target(guard *g, unsigned char c)
{
    if (c == ' ' && g->target_len != 0) {
        g->place = GUARD_VERSION;
        g->token_len = 0;
        return GUARD_MORE;
    }
    if (!is(TARGET, c))
        return refuse(g, 400, "bad request target");
    return ++g->target_len <= HTTP_MAX_TARGET ? GUARD_MORE : refuse(g, 414, "target too long");
}

static guard_result in_version(guard *g, unsigned char c)
{
    static const char form[VERSION_LEN + 1] = "HTTP/d.d";

    if (g->token_len == VERSION_LEN)
        return refuse(g, 400, "bad HTTP version");

    char expected = form[g->token_len++];

    if (expected == 'd' ? !is_digit(c) : c != (unsigned char)expected)
        return refuse(g, 400, "bad HTTP version");
    if (g->token_len == MAJOR_AT)
        g->major = (char)c;
    return GUARD_MORE;
}

static guard_result in_line(guard *g, unsigned char c)
{
    if (c == ' ' || c == '\t')
        return refuse(g, 400, "folded header line");
    if (!is(TOKEN, c))
        return refuse(g, 400, "bad header name");
    g->place = GUARD_NAME;
    return ++g->lines <= HTTP_MAX_HEADERS ? GUARD_MORE : refuse(g, 431, "too many headers");
}

static guard_result in_name(guard *g, unsigned char c)
{
    if (c == ':')
        g->place = GUARD_VALUE;
    else if (!is(TOKEN, c))
        return refuse(g, 400, "bad header name");
    return GUARD_MORE;
}

static guard_result in_value(guard *g, unsigned char c)
{
    return is(VALUE, c) ? GUARD_MORE : refuse(g, 400, "control character in a header");
}

static guard_result end_request_line(guard *g)
{
    if (g->token_len != VERSION_LEN || g->major == '0')
        return refuse(g, 400, "bad HTTP version");
    if (g->major != '1')
        return refuse(g, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    g->place = GUARD_LINE;
    return GUARD_MORE;
}

static guard_result end_line(guard *g)
{
    switch (g->place) {
    case GUARD_BEFORE:
        return GUARD_MORE;
    case GUARD_VERSION:
        return end_request_line(g);
    case GUARD_LINE:
        return GUARD_END;
    case GUARD_VALUE:
        g->place = GUARD_LINE;
        return GUARD_MORE;
    case GUARD_NAME:
        return refuse(g, 400, "header without a colon");
    default:
        return refuse(g, 400, "request line without a version");
    }
}

static guard_result in_place(guard *g, unsigned char c)
{
    switch (g->place) {
    case GUARD_BEFORE:
        g->place = GUARD_METHOD;
        return c == ' ' ? refuse(g, 400, "bad method") : in_method(g, c);
    case GUARD_METHOD:
        return in_method(g, c);
    case GUARD_TARGET:
        return in_target(g, c);
    case GUARD_VERSION:
        return in_version(g, c);
    case GUARD_LINE:
        return in_line(g, c);
    case GUARD_NAME:
        return in_name(g, c);
    default:
        return in_value(g, c);
    }
}

guard_result guard_step(guard *g, unsigned char c)
{
    if (++g->len > HTTP_MAX_HEAD)
        return refuse(g, 431, "headers too large");
    if (g->after_cr) {
        g->after_cr = false;
        return c == '\n' ? end_line(g) : refuse(g, 400, "CR without LF");
    }
    if (c == '\r') {
        g->after_cr = true;
        return GUARD_MORE;
    }
    return c == '\n' ? refuse(g, 400, "LF without CR") : in_place(g, c);
}

/* Whether none of eight bytes is below the blank or DEL, by arithmetic on all of them at once. Never true
 * by mistake. */
static bool all_visible(const char *at)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t word;

    memcpy(&word, at, sizeof word);

    uint64_t not_del = word ^ (each * 0x7f);
    uint64_t low = (word - each * ' ') & ~word;
    uint64_t del = (not_del - each) & ~not_del;

    return ((low | del) & (each * 0x80)) == 0;
}

/* How many bytes at the front are of this class. */
static size_t run_of(view bytes, int class)
{
    const char *at = bytes.ptr;
    const char *end = bytes.ptr + bytes.len;

    while (class == VALUE && end - at >= 8 && all_visible(at))
        at += 8;
    while (at < end && is(class, (unsigned char)*at))
        at++;
    return (size_t)(at - bytes.ptr);
}

size_t guard_skip(guard *g, view bytes)
{
    int class = g->place == GUARD_VALUE ? VALUE : g->place == GUARD_NAME ? TOKEN : TARGET;
    size_t limit = HTTP_MAX_HEAD - (size_t)g->len; /* what is over it is refused by the step */
    size_t len;

    if (class == TARGET && limit > HTTP_MAX_TARGET - (size_t)g->target_len)
        limit = HTTP_MAX_TARGET - (size_t)g->target_len;
    if (bytes.len > limit)
        bytes.len = limit;
    len = run_of(bytes, class);
    if (class == TARGET)
        g->target_len += (uint32_t)len;
    g->len += (uint32_t)len;
    return len;
}

void guard_begin_trailer(guard *g)
{
    g->place = GUARD_LINE;
}
