/* SPDX-License-Identifier: MIT */
/* Scenario files: the settings, limits and phases of a plan in YAML. */
#ifndef CHURN_SCENARIO_H
#define CHURN_SCENARIO_H

#include "plan.h"

/*
 * Adds what the file says to `p`. Messages in `errors` begin with the place. false when there is
 * any.
 */
bool scenario_load(plan *p, const char *path, buf *errors);

#endif
