/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <stdlib.h>

static const stream_item *item_at(const stream *s, uint32_t index)
{
    return &s->items[stream_slot(s, index)];
}

/* The offset of the oldest publication that is kept; top + 1 if there is none. */
static uint64_t first_offset(const stream *s)
{
    return s->top - s->count + 1;
}

/* How many of those that are kept have an offset below `offset`. */
static uint32_t count_below(const stream *s, uint64_t offset)
{
    uint64_t first = first_offset(s);

    if (offset <= first)
        return 0;
    return offset - first < s->count ? (uint32_t)(offset - first) : s->count;
}

static void write_item(const stream *s, uint32_t index, bool first, buf *out)
{
    const stream_item *item = item_at(s, index);

    if (!first)
        buf_append_char(out, ',');
    buf_append(out, item->text, item->len);
}

uint32_t stream_write(const stream *s, const stream_range *range, buf *out)
{
    uint32_t from = 0;
    uint32_t to = s->count; /* indexes of the ring, `to` excluded */

    if (range->has_since && range->reverse)
        to = count_below(s, range->since);
    else if (range->has_since) /* nothing is above the highest offset there can be */
        from = range->since == UINT64_MAX ? s->count : count_below(s, range->since + 1);

    uint32_t count = to - from < range->limit ? to - from : range->limit;

    buf_append_char(out, '[');
    for (uint32_t i = 0; i < count; i++)
        write_item(s, range->reverse ? to - 1 - i : from + i, i == 0, out);
    buf_append_char(out, ']');
    return count;
}

bool stream_recover(const stream *s, uint64_t since, uint32_t limit, buf *out)
{
    stream_range range = {.has_since = true, .since = since, .limit = limit};

    if (since > s->top || s->top - since > limit || since + 1 < first_offset(s))
        return false;
    if (since != s->top)
        (void)stream_write(s, &range, out);
    return true;
}

bool stream_version_is_new(const stream *s, uint64_t version, view epoch)
{
    if (epoch.len != 0 && !view_eq(epoch, view_of(s->version_epoch)))
        return true;
    return version > s->version;
}

bool stream_set_version(stream *s, uint64_t version, view epoch)
{
    if (!view_eq(epoch, view_of(s->version_epoch))) {
        char *copy = epoch.len == 0 ? NULL : strndup(epoch.ptr, epoch.len);

        if (copy == NULL && epoch.len != 0)
            return false;
        free(s->version_epoch);
        s->version_epoch = copy;
    }
    s->version = version;
    return true;
}
