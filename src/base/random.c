/* SPDX-License-Identifier: MIT */
#include "random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *out, size_t len)
{
    char *at = out;

    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        if (got < 0 && errno != EINTR)
            abort();
        if (got > 0) {
            at += got;
            len -= (size_t)got;
        }
    }
}

uint32_t random_below(uint32_t bound)
{
    uint32_t number;

    random_bytes(&number, sizeof number);
    return (uint32_t)(((uint64_t)number * bound) >> 32);
}
