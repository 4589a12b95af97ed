/* SPDX-License-Identifier: MIT */
/* What the registry is meant to reach in comparison with the others of the same run. */
#ifndef BENCH_TARGETS_H
#define BENCH_TARGETS_H

#include "report.h"

/* One line per target for each flavour: the ratio, the target, and whether it is met. There are
 * targets for 100,000 entries and more. */
void targets_print(const report *r, const char *scene, size_t entries);

#endif
