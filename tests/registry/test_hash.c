/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "hash.h"

/* The key and the message of the SipHash paper's appendix A: bytes 0, 1, 2, ... */
static const gcasti_seed paper_seed = {.key = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u}};

Test(registry_hash, of_the_papers_example_is_the_papers_result)
{
    unsigned char message[15];

    for (unsigned i = 0; i < sizeof message; i++)
        message[i] = (unsigned char)i;
    cr_assert_eq(gcasti_hash_bytes(&paper_seed, message, sizeof message), 0xa129ca6149be45e5u);
}

Test(registry_hash, of_nothing_is_the_reference_implementations)
{
    cr_assert_eq(gcasti_hash_bytes(&paper_seed, NULL, 0), 0x726fdb47dd0e0e31u);
}

Test(registry_hash, depends_on_the_seed)
{
    gcasti_seed one;
    gcasti_seed two;

    cr_assert(gcasti_seed_init(&one));
    cr_assert(gcasti_seed_init(&two));
    cr_assert_neq(gcasti_hash_bytes(&one, "key", 3), gcasti_hash_bytes(&two, "key", 3));
    cr_assert_neq(gcasti_hash_id(&one, 1), gcasti_hash_id(&two, 1));
}

Test(registry_hash, spreads_consecutive_ids)
{
    enum { BUCKETS = 256, IDS = 256 * 64 };
    unsigned used[BUCKETS] = {0};

    for (uint64_t id = 1; id <= IDS; id++)
        used[gcasti_hash_id(&paper_seed, id) % BUCKETS]++;
    for (unsigned i = 0; i < BUCKETS; i++)
        cr_assert(used[i] > 20 && used[i] < 140, "bucket %u holds %u of about 64", i, used[i]);
}
