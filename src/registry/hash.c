/* SPDX-License-Identifier: MIT */
#include "hash.h"

#include <unistd.h>

typedef struct sip {
    uint64_t v0, v1, v2, v3;
} sip;

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static void sip_round(sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static void sip_word(sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    sip_round(s);
    s->v0 ^= word;
}

static uint64_t little_endian(const uint8_t *at, size_t len)
{
    uint64_t word = 0;

    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)at[i] << (8 * i);
    return word;
}

bool gcasti_seed_init(gcasti_seed *seed)
{
    return getentropy(seed, sizeof *seed) == 0;
}

uint64_t gcasti_hash_bytes(const gcasti_seed *seed, const void *data, size_t len)
{
    const uint8_t *at = data;
    size_t tail = len % 8;
    sip s = {
        .v0 = seed->key[0] ^ 0x736f6d6570736575u, /* the paper's constants */
        .v1 = seed->key[1] ^ 0x646f72616e646f6du,
        .v2 = seed->key[0] ^ 0x6c7967656e657261u,
        .v3 = seed->key[1] ^ 0x7465646279746573u,
    };

    for (size_t words = len / 8; words > 0; words--, at += 8)
        sip_word(&s, little_endian(at, 8)); /* compilers make this one load */
    sip_word(&s, (uint64_t)len << 56 | little_endian(at, tail));
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
