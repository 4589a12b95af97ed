/* SPDX-License-Identifier: MIT */
#include "base64.h"

#include <ctype.h>
#include <limits.h>

#include <openssl/evp.h>

/* EVP_DecodeBlock() overlooks white space and does not tell how much padding there was. */
static bool well_formed(view text, size_t *padding)
{
    size_t len = text.len;

    if (len % 4 != 0 || len > INT_MAX)
        return false;
    while (len > 0 && text.len - len < 2 && text.ptr[len - 1] == '=')
        len--;
    *padding = text.len - len;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text.ptr[i]) && text.ptr[i] != '+' && text.ptr[i] != '/')
            return false;
    }
    return true;
}

bool base64_decode(view text, buf *out)
{
    size_t padding = 0;

    if (!well_formed(text, &padding) || !buf_reserve(out, text.len / 4 * 3 + 1))
        return false;

    int len = EVP_DecodeBlock((unsigned char *)out->data + out->len,
                              (const unsigned char *)text.ptr, (int)text.len);

    if (len < 0)
        return false;
    out->len += (size_t)len - padding;
    return true;
}
