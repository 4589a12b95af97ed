/* SPDX-License-Identifier: MIT */
/* What a channel may be called. */
#ifndef PROTOCOL_CHANNEL_H
#define PROTOCOL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "view.h"

/* What a leading '$' says: only those with a subscription token may subscribe. */
enum { CHANNEL_PRIVATE_PREFIX = '$' };

/* What precedes the users of a user-limited channel, and what separates them: room#ann,bob */
enum { CHANNEL_USER_BOUNDARY = '#', CHANNEL_USER_SEPARATOR = ',' };

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

static inline bool channel_is_user_limited(view name)
{
    return name.len != 0 && memchr(name.ptr, CHANNEL_USER_BOUNDARY, name.len) != NULL;
}

/* The list of users of a user-limited channel: what follows the last boundary. */
static inline view channel_users(view name)
{
    size_t from = name.len;

    while (from != 0 && name.ptr[from - 1] != CHANNEL_USER_BOUNDARY)
        from--;
    return view_skip(name, from);
}

/* Takes the first user off the list. false: there is none; an empty name is one. */
static inline bool channel_next_user(view *users, view *user)
{
    const char *end =
        users->len == 0 ? NULL : memchr(users->ptr, CHANNEL_USER_SEPARATOR, users->len);
    size_t len = end == NULL ? users->len : (size_t)(end - users->ptr);

    if (users->len == 0)
        return false;
    *user = (view){.ptr = users->ptr, .len = len};
    *users = view_skip(*users, end == NULL ? len : len + 1);
    return true;
}

#endif
