/* SPDX-License-Identifier: MIT */
#include "buf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAP = 256 };

void buf_fini(buf *b)
{
    free(b->data);
    *b = (buf){0};
}

bool buf_reserve(buf *b, size_t extra)
{
    if (b->failed)
        return false;
    if (extra <= b->cap - b->len)
        return true;

    size_t need = b->len + extra;
    size_t cap = b->cap == 0 ? FIRST_CAP : b->cap;

    while (cap < need && cap <= SIZE_MAX / 2)
        cap *= 2;

    char *data = need < extra || cap < need ? NULL : realloc(b->data, cap);

    if (data == NULL) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void buf_append(buf *b, const void *bytes, size_t len)
{
    if (len == 0 || !buf_reserve(b, len))
        return;
    memcpy(b->data + b->len, bytes, len);
    b->len += len;
}

void buf_append_view(buf *b, view v)
{
    buf_append(b, v.ptr, v.len);
}

void buf_append_char(buf *b, char c)
{
    buf_append(b, &c, 1);
}

void buf_append_u64(buf *b, uint64_t number)
{
    char digits[20]; /* 2^64 has 20 */
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    buf_append(b, digits + at, sizeof digits - at);
}

void buf_append_i64(buf *b, int64_t number)
{
    if (number >= 0) {
        buf_append_u64(b, (uint64_t)number);
        return;
    }
    buf_append_char(b, '-');
    buf_append_u64(b, 0 - (uint64_t)number); /* INT64_MIN has no positive twin */
}

void buf_printf(buf *b, const char *format, ...)
{
    va_list args;
    va_list again;
    int len = 0;

    if (!buf_reserve(b, 1))
        return;
    va_start(args, format);
    va_copy(again, args);
    /* Mostly there is room. Counting first, without a place to write to, takes four times as long
     * as writing. */
    len = vsnprintf(b->data + b->len, b->cap - b->len, format, args);
    if (len < 0)
        b->failed = true;
    else if ((size_t)len >= b->cap - b->len && buf_reserve(b, (size_t)len + 1)) /* and its NUL */
        len = vsnprintf(b->data + b->len, b->cap - b->len, format, again);
    if (!b->failed)
        b->len += (size_t)len;
    va_end(again);
    va_end(args);
}

void buf_consume(buf *b, size_t count)
{
    b->len -= count;
    if (b->len != 0)
        memmove(b->data, b->data + count, b->len);
}

void buf_reset(buf *b)
{
    b->len = 0;
    b->failed = false;
}
