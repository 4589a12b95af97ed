/* SPDX-License-Identifier: MIT */
/* Who may come in: origins and API keys. Pure. */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <stdbool.h>

#include "view.h"

/* true: `origin` (header value) matches one of the `count` globs; both compared in lower case; `*`
 * matches any run of characters. Patterns without "://" are compared with the host part as well. */
bool auth_origin_allowed(view origin, const char *const *globs, size_t count);

/* Compares in a time that does not depend on where the bytes differ. An empty expected key matches
 * nothing. */
bool auth_key_equal(view given, view expected);

/* The key of an `Authorization: apikey <key>` header (scheme without regard to case); empty: none.
 */
view auth_apikey_from_authorization(view header);

/* Matches `text` against a glob of `*` and `?`, in linear space and O(text * pattern) time. */
bool auth_glob_match(view pattern, view text);

#endif
