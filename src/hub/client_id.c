/* SPDX-License-Identifier: MIT */
/*
 * Client ids. The protocol wants a UUID; the registry wants 64 bits. So the UUID carries the
 * number: 60 random bits that mark this process, then 62 bits of the connection's number, mixed by
 * a reversible function with a random key so that ids neither count connections nor look alike.
 * Nothing has to be stored, and an id leads straight to its connection.
 */
#include "hub_internal.h"
#include "random.h"

enum { NUMBER_BITS = 62, HALF_BITS = NUMBER_BITS / 2 };

static const uint64_t number_mask = (UINT64_C(1) << NUMBER_BITS) - 1;
static const uint64_t multiplier = UINT64_C(0x1f83d9abfb41bd6b); /* odd, hence reversible */

/* The inverse of an odd number modulo 2^64, by Newton's iteration: each step doubles the right
 * bits. */
static uint64_t inverse_of(uint64_t odd)
{
    uint64_t inverse = odd; /* right in the lowest 3 bits */

    for (int bits = 3; bits < 64; bits *= 2)
        inverse *= 2 - odd * inverse;
    return inverse;
}

void client_id_setup(hub *h)
{
    random_bytes(&h->id_tag, sizeof h->id_tag);
    random_bytes(&h->id_key, sizeof h->id_key);
    h->id_inverse = inverse_of(multiplier);
}

static uint64_t mix(const hub *h, uint64_t id)
{
    uint64_t x = ((id ^ h->id_key) * multiplier) & number_mask;

    return x ^ (x >> HALF_BITS);
}

static uint64_t unmix(const hub *h, uint64_t x)
{
    x ^= x >> HALF_BITS; /* undoes itself: the upper half is untouched */
    return ((x * h->id_inverse) ^ h->id_key) & number_mask;
}

/* Writes the lowest `count` hexadecimal digits of value, and a dash. Returns where it ends. */
static char *put_hex(char *at, uint64_t value, int count)
{
    for (int shift = 4 * (count - 1); shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[value >> shift & 0xf];
    *at = '-';
    return at + 1;
}

hub_client_id client_id_format(const hub *h, uint64_t id)
{
    uint64_t x = mix(h, id);
    uint64_t tag = h->id_tag;
    hub_client_id out;
    char *at = out.text;

    /* RFC 9562: version 4 in the third group, variant 10 in the fourth */
    at = put_hex(at, tag >> 32, 8);
    at = put_hex(at, tag >> 16, 4);
    at = put_hex(at, 0x4000 | (tag & 0xfff), 4);
    at = put_hex(at, 0x8000 | x >> 48, 4);
    at = put_hex(at, x, 12);
    at[-1] = '\0';
    return out;
}

static bool hex_digits(view text, size_t from, size_t count, uint64_t *out)
{
    uint64_t value = 0;

    for (size_t i = from; i < from + count; i++) {
        char c = text.ptr[i];

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *out = value;
    return true;
}

bool client_id_parse(const hub *h, view text, uint64_t *id)
{
    uint64_t high;
    uint64_t low;

    if (text.len != HUB_CLIENT_ID_LEN || !hex_digits(text, 19, 4, &high) ||
        !hex_digits(text, 24, 12, &low))
        return false;
    *id = unmix(h, (high & 0x3fff) << 48 | low);

    hub_client_id again = client_id_format(h, *id);

    return memcmp(again.text, text.ptr, text.len) == 0; /* tag, version, variant and dashes */
}
