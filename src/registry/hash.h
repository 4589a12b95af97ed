/* SPDX-License-Identifier: MIT */
/* Seeded hashing, so that nobody outside can know which keys fall into one bucket. */
#ifndef REGISTRY_HASH_H
#define REGISTRY_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gcasti_seed {
    uint64_t key[2];
} gcasti_seed;

/* Fills the seed from the kernel; false if it has no randomness to give. */
bool gcasti_seed_init(gcasti_seed *seed);

/*
 * SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012): for keys that peers
 * choose. `data` may be NULL when `len` is 0.
 */
uint64_t gcasti_hash_bytes(const gcasti_seed *seed, const void *data, size_t len);

/*
 * A bijection of 64 bits that spreads every input bit over the whole word (the finaliser of
 * Stafford's "Mix13", 2011). It spreads ids that the program itself hands out; it is no defence
 * against peers who choose the ids.
 */
static inline uint64_t gcasti_hash_id(const gcasti_seed *seed, uint64_t id)
{
    uint64_t x = id ^ seed->key[0];

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

#endif
