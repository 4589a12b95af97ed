/* SPDX-License-Identifier: MIT */
/* What plan.c and plan_phase.c share. */
#ifndef CHURN_PLAN_INTERNAL_H
#define CHURN_PLAN_INTERNAL_H

#include "plan.h"

/* Appends `what: "text"`; always false. */
bool plan_complain(buf *errors, const char *what, view text);

/* The place of `name` in a list; -1: it is not there. */
int plan_name_index(const char *const *names, int count, view name);

/* Into out[PLAN_NAME_MAX]; false: empty or too long. */
bool plan_set_name(char *out, view value);

/* Calls a phase that was given no name after what it does: "churn+broadcast". */
void plan_phase_name(plan_phase *phase);

#endif
