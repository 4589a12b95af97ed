/* SPDX-License-Identifier: MIT */
/* What a channel may be called. */
#ifndef PROTOCOL_CHANNEL_H
#define PROTOCOL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "view.h"

/* What a leading '$' says: only those with a subscription token may subscribe. */
enum { CHANNEL_PRIVATE_PREFIX = '$' };

/* true: not empty, at most max_len bytes, all of them ASCII that can be seen, or spaces. */
static inline bool channel_name_valid(view name, size_t max_len)
{
    if (name.len == 0 || name.len > max_len)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] < ' ' || name.ptr[i] > '~') /* char may be signed: bytes over 127 too */
            return false;
    }
    return true;
}

static inline bool channel_is_private(view name)
{
    return name.len != 0 && name.ptr[0] == CHANNEL_PRIVATE_PREFIX;
}

#endif
