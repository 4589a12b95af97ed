/* SPDX-License-Identifier: MIT */
#include "stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

size_t stamp_write(char *out, size_t size, stamp s)
{
    static const char pad_begin[] = ",\"p\":\"";
    static const size_t pad_frame = sizeof pad_begin - 1 + 2; /* and quote, brace */
    int written =
        snprintf(out, STAMP_MIN_ROOM, "{\"c\":%" PRIu32 ",\"s\":%" PRIu64 ",\"t\":%" PRIu64,
                 s.channel, s.seq, s.due_ns);
    size_t len = (size_t)written;

    if (len + pad_frame < size) {
        size_t pad = size - len - pad_frame;

        memcpy(out + len, pad_begin, sizeof pad_begin - 1);
        len += sizeof pad_begin - 1;
        memset(out + len, 'x', pad);
        len += pad;
        out[len++] = '"';
    }
    out[len++] = '}';
    return len;
}

/* Steps over `literal` and the digits after it. */
static bool take_number(view *text, view literal, uint64_t *out)
{
    uint64_t number = 0;
    size_t i = literal.len;

    if (!view_starts_with(*text, literal))
        return false;
    while (i < text->len && i < literal.len + 20 && text->ptr[i] >= '0' && text->ptr[i] <= '9')
        number = number * 10 + (uint64_t)(text->ptr[i++] - '0');
    if (i == literal.len)
        return false;
    *out = number;
    *text = view_skip(*text, i);
    return true;
}

bool stamp_find(view text, stamp *out, view *rest)
{
    static const view begin = {.ptr = "{\"c\":", .len = 5};
    uint64_t channel = 0;

    for (;;) {
        const char *at = text.len == 0 ? NULL : memmem(text.ptr, text.len, begin.ptr, begin.len);

        if (at == NULL)
            return false;
        text = view_skip(text, (size_t)(at - text.ptr));

        view after = text;

        if (take_number(&after, begin, &channel) && channel <= UINT32_MAX &&
            take_number(&after, VIEW_LIT(",\"s\":"), &out->seq) &&
            take_number(&after, VIEW_LIT(",\"t\":"), &out->due_ns)) {
            out->channel = (uint32_t)channel;
            *rest = after;
            return true;
        }
        text = view_skip(text, begin.len);
    }
}
