/* SPDX-License-Identifier: MIT */
/* UTF-8 as it comes, in any split (RFC 3629): no overlong forms, no surrogates, nothing above
 * U+10FFFF. */
#ifndef WS_UTF8_H
#define WS_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "view.h"

/* Zeroed = at the border between two characters. */
typedef struct utf8 {
    uint8_t left; /* bytes that the character still needs */
    uint8_t low;  /* what the next of them may be: low..high */
    uint8_t high;
} utf8;

/* false: the text is broken, at the first byte that no valid text could have there. */
bool utf8_feed(utf8 *u, view bytes);

/* true: the text may end here. */
static inline bool utf8_at_border(const utf8 *u)
{
    return u->left == 0;
}

#endif
