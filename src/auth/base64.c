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

static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The six bits that a letter of the URL alphabet stands for; -1: it is none. */
static int url_bits(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool base64url_decode(view text, buf *out)
{
    size_t start = out->len;
    uint32_t bits = 0; /* not yet a whole byte, in the lowest `count` bits */
    unsigned count = 0;
    bool good = true;

    if (!buf_reserve(out, text.len))
        return false;
    for (size_t i = 0; i < text.len && good; i++) {
        int six = url_bits(text.ptr[i]);

        good = six >= 0;
        bits = (bits << 6 | (uint32_t)six) & 0xfff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buf_append_char(out, (char)(bits >> count & 0xff));
        }
    }
    /* what is left over is the rest of the last letter, and all zero */
    if (good && count < 6 && (bits & ((1U << count) - 1)) == 0)
        return true;
    out->len = start;
    return false;
}

void base64url_encode(view bytes, buf *out)
{
    uint32_t bits = 0;
    unsigned count = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | (unsigned char)bytes.ptr[i];
        for (count += 8; count >= 6; count -= 6)
            buf_append_char(out, url_alphabet[bits >> (count - 6) & 63]);
    }
    if (count != 0)
        buf_append_char(out, url_alphabet[bits << (6 - count) & 63]);
}
