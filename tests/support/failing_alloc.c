/* SPDX-License-Identifier: MIT */
#include "failing_alloc.h"

static bool armed;
static bool struck;
static size_t left;

/* The linker's names: __wrap_x is called for x, __real_x is the true one. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void failing_alloc_arm(size_t nth)
{
    armed = true;
    struck = false;
    left = nth;
}

bool failing_alloc_disarm(void)
{
    armed = false;
    return struck;
}

bool failing_alloc_strike(void)
{
    if (!armed || left-- != 0)
        return false;
    armed = false;
    struck = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return failing_alloc_strike() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return failing_alloc_strike() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return failing_alloc_strike() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return failing_alloc_strike() ? NULL : __real_aligned_alloc(alignment, size);
}
/* NOLINTEND(bugprone-reserved-identifier) */
