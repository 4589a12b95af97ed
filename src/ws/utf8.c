/* SPDX-License-Identifier: MIT */
#include "utf8.h"

#include <string.h>

enum {
    TAIL_LOW = 0x80, /* what any byte but the first may be */
    TAIL_HIGH = 0xbf,
};

/* RFC 3629 section 4: the first byte says how many follow, and narrows the second. */
static bool begin_char(utf8 *u, uint8_t c)
{
    *u = (utf8){.low = TAIL_LOW, .high = TAIL_HIGH};
    if (c < 0x80)
        return true;
    if (c < 0xc2 || c > 0xf4)
        return false;
    u->left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    if (c == 0xe0)
        u->low = 0xa0; /* below: overlong */
    else if (c == 0xed)
        u->high = 0x9f; /* above: surrogates */
    else if (c == 0xf0)
        u->low = 0x90; /* below: overlong */
    else if (c == 0xf4)
        u->high = 0x8f; /* above: past U+10FFFF */
    return true;
}

static bool continue_char(utf8 *u, uint8_t c)
{
    bool fits = c >= u->low && c <= u->high;

    *u = (utf8){.left = (uint8_t)(u->left - 1), .low = TAIL_LOW, .high = TAIL_HIGH};
    return fits;
}

static bool eight_are_ascii(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return (word & 0x8080808080808080U) == 0;
}

bool utf8_feed(utf8 *u, view bytes)
{
    size_t i = 0;

    while (i < bytes.len) {
        uint8_t c = (uint8_t)bytes.ptr[i];

        if (u->left == 0 && bytes.len - i >= 8 && eight_are_ascii(bytes.ptr + i))
            i += 8;
        else if (u->left == 0 ? begin_char(u, c) : continue_char(u, c))
            i++;
        else
            return false;
    }
    return true;
}
