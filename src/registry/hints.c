/* SPDX-License-Identifier: MIT */
#include "hints.h"

#include <stdlib.h>

gcasti_hints *gcasti_hints_new(size_t entries)
{
    size_t places = entries * HINTS_PER_ENTRY;
    gcasti_hints *h = NULL;

    h = calloc(1, sizeof *h + places * sizeof h->x_place[0]);
    if (h != NULL)
        h->mask = places - 1;
    return h;
}
