/* SPDX-License-Identifier: MIT */
#include "item.h"

#include <stdlib.h>

#include "clock.h"

item *item_new(size_t header, uint64_t id)
{
    char *block = calloc(1, header + sizeof(item));
    item *it = NULL;

    if (block == NULL)
        abort();
    it = (item *)(void *)(block + header);
    it->id = id;
    it->value = item_value_of(id);
    return it;
}

void item_free(item *it, size_t header)
{
    if (it != NULL)
        free((char *)it - header);
}

unsigned item_spins_of(unsigned ns)
{
    enum { ROUNDS = 20, SPINS = 200000 };
    uint64_t best = UINT64_MAX;

    /* The fastest round is the one that nothing disturbed. */
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t begin = clock_mono_ns();
        uint64_t took = 0;

        item_spin(0, SPINS);
        took = clock_mono_ns() - begin;
        if (took < best)
            best = took;
    }
    return (unsigned)((uint64_t)ns * SPINS / best);
}
