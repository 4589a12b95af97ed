/* SPDX-License-Identifier: MIT */
#include "frame_head.h"

#include <string.h>

enum {
    BASE_LEN = 2,
    MASK_LEN = 4,
    LEN_16_BIT = 126, /* in the seven bits: the length follows in 2 bytes */
    LEN_64_BIT = 127, /* in 8 */
};

static uint8_t short_len(const frame_head *h)
{
    return h->bytes[1] & 0x7f;
}

static size_t long_len_size(const frame_head *h)
{
    if (short_len(h) == LEN_64_BIT)
        return 8;
    return short_len(h) == LEN_16_BIT ? 2 : 0;
}

size_t frame_head_missing(const frame_head *h)
{
    size_t size = BASE_LEN;

    if (h->len >= BASE_LEN)
        size += long_len_size(h) + (frame_head_masked(h) ? MASK_LEN : 0);
    return size - h->len;
}

void frame_head_add(frame_head *h, view bytes)
{
    memcpy(h->bytes + h->len, bytes.ptr, bytes.len);
    h->len = (uint8_t)(h->len + bytes.len);
}

bool frame_head_fin(const frame_head *h)
{
    return (h->bytes[0] & 0x80) != 0;
}

uint8_t frame_head_reserved_bits(const frame_head *h)
{
    return h->bytes[0] & 0x70;
}

uint8_t frame_head_opcode(const frame_head *h)
{
    return h->bytes[0] & 0x0f;
}

bool frame_head_masked(const frame_head *h)
{
    return (h->bytes[1] & 0x80) != 0;
}

uint64_t frame_head_payload_len(const frame_head *h)
{
    size_t size = long_len_size(h);
    uint64_t len = 0;

    if (size == 0)
        return short_len(h);
    for (size_t i = 0; i < size; i++)
        len = len << 8 | h->bytes[BASE_LEN + i];
    return len;
}
