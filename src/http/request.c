/* SPDX-License-Identifier: MIT */
/* Looking things up in a request. */
#include "http.h"

bool http_header_get(const http_request *rq, view name, view *value)
{
    for (size_t i = 0; i < rq->header_count; i++) {
        if (view_eq_nocase(rq->headers[i].name, name)) {
            *value = rq->headers[i].value;
            return true;
        }
    }
    return false;
}

size_t http_header_count(const http_request *rq, view name)
{
    size_t count = 0;

    for (size_t i = 0; i < rq->header_count; i++)
        count += view_eq_nocase(rq->headers[i].name, name);
    return count;
}

/* What comes before the first `separator`; *rest = what comes after it. */
static view cut(view text, char separator, view *rest)
{
    const char *at = text.len == 0 ? NULL : memchr(text.ptr, separator, text.len);
    size_t len = at == NULL ? text.len : (size_t)(at - text.ptr);

    *rest = view_skip(text, at == NULL ? len : len + 1);
    return (view){.ptr = text.ptr, .len = len};
}

static view trim(view v)
{
    while (v.len != 0 && (v.ptr[0] == ' ' || v.ptr[0] == '\t'))
        v = view_skip(v, 1);
    while (v.len != 0 && (v.ptr[v.len - 1] == ' ' || v.ptr[v.len - 1] == '\t'))
        v.len--;
    return v;
}

static bool list_has_token(view list, view token)
{
    while (list.len != 0) {
        if (view_eq_nocase(trim(cut(list, ',', &list)), token))
            return true;
    }
    return false;
}

bool http_header_has_token(const http_request *rq, view name, view token)
{
    for (size_t i = 0; i < rq->header_count; i++) {
        if (view_eq_nocase(rq->headers[i].name, name) &&
            list_has_token(rq->headers[i].value, token))
            return true;
    }
    return false;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A percent sign without two hex digits stands for itself. */
static void append_decoded(buf *out, view text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '%' && text.len - i > 2 && hex_value(text.ptr[i + 1]) >= 0 &&
            hex_value(text.ptr[i + 2]) >= 0) {
            c = (char)(hex_value(text.ptr[i + 1]) * 16 + hex_value(text.ptr[i + 2]));
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        buf_append_char(out, c);
    }
}

bool http_query_get(view query, view name, buf *out)
{
    while (query.len != 0) {
        view value;
        view key = cut(cut(query, '&', &query), '=', &value);

        if (view_eq(key, name)) {
            append_decoded(out, value);
            return true;
        }
    }
    return false;
}
