/* SPDX-License-Identifier: MIT */
/* Randomness from the kernel. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills `len` bytes; fit for keys and ids. Ends the process if the kernel has none to give, which
 * cannot happen after boot. */
void random_bytes(void *out, size_t len);

/* Uniform in [0, bound); bound > 0. */
uint32_t random_below(uint32_t bound);

#endif
