/* SPDX-License-Identifier: MIT */
/* Makes the k-th allocation of the program under test fail. Shared libraries keep their own. */
#ifndef SUPPORT_FAILING_ALLOC_H
#define SUPPORT_FAILING_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* The `nth` call of malloc, calloc, realloc or aligned_alloc from now on fails (0: the next), once. */
void failing_alloc_arm(size_t nth);

/* true: it has failed. Disarms. */
bool failing_alloc_disarm(void);

/* Counts a call of an allocator that is not wrapped here; true: it has to fail. */
bool failing_alloc_strike(void);

#endif
