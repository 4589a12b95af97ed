/* SPDX-License-Identifier: MIT */
/*
 * A fuzz driver is one function, called with any bytes. libFuzzer calls it (GCAST_FUZZ), and so
 * does replay.c, which every test run does with the corpus in the tree.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Always returns 0; a broken promise aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stays in release builds, unlike assert(). */
static inline void require(bool holds, const char *promise)
{
    if (holds)
        return;
    (void)fprintf(stderr, "broken promise: %s\n", promise);
    abort();
}

#endif
