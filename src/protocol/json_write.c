/* SPDX-License-Identifier: MIT */
#include "json.h"
#include "json_scan.h"
#include "utf8.h"

static void write_escape(buf *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

    switch (c) {
    case '"':
        buf_append_lit(out, "\\\"");
        break;
    case '\\':
        buf_append_lit(out, "\\\\");
        break;
    case '\n':
        buf_append_lit(out, "\\n");
        break;
    case '\r':
        buf_append_lit(out, "\\r");
        break;
    case '\t':
        buf_append_lit(out, "\\t");
        break;
    default:
        buf_append(out, escape, sizeof escape);
    }
}

/* At a byte that is not ASCII; returns how many were dealt with. */
static size_t write_non_ascii(buf *out, const char *at, const char *end)
{
    size_t len = utf8_sequence(at, end);

    if (len == 0) {
        char replacement[4];

        buf_append(out, replacement, utf8_encode(UTF8_REPLACEMENT, replacement));
        return 1;
    }
    if (len == 3 && memcmp(at, "\u2028", 3) == 0)
        buf_append_lit(out, "\\u2028");
    else if (len == 3 && memcmp(at, "\u2029", 3) == 0)
        buf_append_lit(out, "\\u2029");
    else
        buf_append(out, at, len);
    return len;
}

static bool is_verbatim(char c)
{
    return !json_is_special(c) && c != '<' && c != '>' && c != '&';
}

static const char *skip_verbatim(const char *at, const char *end)
{
    while (at < end && is_verbatim(*at))
        at++;
    return at;
}

void json_write_string(buf *out, view text)
{
    const char *at = text.len == 0 ? "" : text.ptr;
    const char *end = at + text.len;

    buf_append_char(out, '"');
    while (at < end) {
        const char *run_end = skip_verbatim(at, end);

        buf_append(out, at, (size_t)(run_end - at));
        at = run_end;
        if (at == end)
            break;
        if ((unsigned char)*at >= 0x80)
            at += write_non_ascii(out, at, end);
        else
            write_escape(out, (unsigned char)*at++);
    }
    buf_append_char(out, '"');
}

/* A line break inside a JSON string is always written as an escape, so that any found as a byte
 * stands between tokens. */
void json_write_raw(buf *out, view value)
{
    if (value.len == 0)
        return;
    if (!memchr(value.ptr, '\n', value.len) && !memchr(value.ptr, '\r', value.len)) {
        buf_append_view(out, value);
        return;
    }
    if (!buf_reserve(out, value.len))
        return;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];

        if (c != '\n' && c != '\r')
            out->data[out->len++] = c;
    }
}
