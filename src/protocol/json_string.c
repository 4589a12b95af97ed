/* SPDX-License-Identifier: MIT */
/* What a JSON string stands for (RFC 8259 section 7). */
#include "json.h"
#include "utf8.h"

/* What one escape or one plain byte stands for. */
typedef struct unit {
    char bytes[4];
    size_t len;
} unit;

static uint32_t hex_digit(char c)
{
    if (c >= 'a')
        return (uint32_t)(c - 'a') + 10;
    if (c >= 'A')
        return (uint32_t)(c - 'A') + 10;
    return (uint32_t)(c - '0');
}

static uint32_t hex4(const char *at)
{
    return (hex_digit(at[0]) & 15) << 12 | (hex_digit(at[1]) & 15) << 8 |
           (hex_digit(at[2]) & 15) << 4 | (hex_digit(at[3]) & 15);
}

static bool is_high_surrogate(uint32_t code)
{
    return code >= 0xD800 && code <= 0xDBFF;
}

static bool is_low_surrogate(uint32_t code)
{
    return code >= 0xDC00 && code <= 0xDFFF;
}

/* At \uXXXX, perhaps with the second half of a pair behind it. */
static const char *unicode_escape(const char *at, const char *end, unit *out)
{
    enum { ESCAPE_LEN = 6 };

    uint32_t code = UTF8_REPLACEMENT;

    if (end - at < ESCAPE_LEN) {
        out->len = utf8_encode(code, out->bytes);
        return end;
    }
    code = hex4(at + 2);
    at += ESCAPE_LEN;
    if (is_high_surrogate(code) && end - at >= ESCAPE_LEN && at[0] == '\\' && at[1] == 'u') {
        uint32_t low = hex4(at + 2);

        if (is_low_surrogate(low)) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            at += ESCAPE_LEN;
        }
    }
    if (is_high_surrogate(code) || is_low_surrogate(code))
        code = UTF8_REPLACEMENT;
    out->len = utf8_encode(code, out->bytes);
    return at;
}

static char short_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c; /* quote, backslash, slash */
    }
}

/* Takes one unit; returns where the next begins. at < end. */
static const char *next_unit(const char *at, const char *end, unit *out)
{
    bool escape = *at == '\\' && end - at >= 2;

    if (escape && at[1] == 'u')
        return unicode_escape(at, end, out);
    out->bytes[0] = escape ? short_escape(at[1]) : *at;
    out->len = 1;
    return at + (escape ? 2 : 1);
}

/* The part between the quotes; false: no string. */
static bool inside_quotes(view raw, view *inside)
{
    if (raw.len < 2 || raw.ptr[0] != '"' || raw.ptr[raw.len - 1] != '"')
        return false;
    *inside = (view){.ptr = raw.ptr + 1, .len = raw.len - 2};
    return true;
}

/* The slow half of json_string_is(), for strings with escapes. */
static bool spells(view inside, view text)
{
    const char *at = inside.ptr;
    const char *end = inside.ptr + inside.len;

    while (at < end) {
        unit u;

        at = next_unit(at, end, &u);
        if (u.len > text.len || memcmp(u.bytes, text.ptr, u.len) != 0)
            return false;
        text = view_skip(text, u.len);
    }
    return text.len == 0;
}

bool json_string_is(view raw, view text)
{
    view inside;

    /* An escape is longer than what it stands for: so the lengths decide nearly always. */
    if (!inside_quotes(raw, &inside) || inside.len < text.len)
        return false;
    if (inside.len == text.len)
        return view_eq(inside, text) && (text.len == 0 || !memchr(text.ptr, '\\', text.len));
    return spells(inside, text);
}

bool json_string_decode(view raw, buf *out)
{
    view inside;

    if (!inside_quotes(raw, &inside))
        return false;

    const char *at = inside.ptr;
    const char *end = inside.ptr + inside.len;

    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        unit u;

        if (escape == NULL)
            escape = end;
        buf_append(out, at, (size_t)(escape - at));
        at = escape;
        if (at < end) {
            at = next_unit(at, end, &u);
            buf_append(out, u.bytes, u.len);
        }
    }
    return !out->failed;
}
