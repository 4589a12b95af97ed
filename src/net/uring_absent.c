/* SPDX-License-Identifier: MIT */
/* In place of uring.c where the program is built without liburing. */
#include <stddef.h>

#include "uring.h"

const char *uring_problem(void)
{
    return "built without liburing";
}

uring *uring_new(void)
{
    return NULL;
}

bool uring_adopt(uring *u)
{
    (void)u;
    return false;
}

void uring_free(uring *u)
{
    (void)u;
}

bool uring_send_all(uring *u, uring_send *sends, unsigned count)
{
    (void)u;
    for (unsigned i = 0; i < count; i++)
        sends[i].result = URING_UNSENT;
    return false;
}
