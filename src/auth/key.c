/* SPDX-License-Identifier: MIT */
#include "auth.h"

#include <openssl/crypto.h>

bool auth_key_equal(view given, view expected)
{
    return expected.len != 0 && given.len == expected.len &&
           CRYPTO_memcmp(given.ptr, expected.ptr, expected.len) == 0;
}

view auth_apikey_from_authorization(view header)
{
    view scheme = VIEW_LIT("apikey ");
    view key = {0};

    if (header.len < scheme.len ||
        !view_eq_nocase((view){.ptr = header.ptr, .len = scheme.len}, scheme))
        return key;
    key = view_skip(header, scheme.len);
    while (key.len != 0 && key.ptr[0] == ' ')
        key = view_skip(key, 1);
    return key;
}
