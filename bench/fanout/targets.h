/* SPDX-License-Identifier: MIT */
/* What Gracecast is to reach, compared with what was measured. */
#ifndef FANOUT_TARGETS_H
#define FANOUT_TARGETS_H

#include "report.h"

/* Prints a line for each target that the figures for `viewers` say something about. */
void targets_print(const report *r, unsigned viewers);

#endif
