/* SPDX-License-Identifier: MIT */
/* What several options must have in common. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config.h"

/* Adds an error for every pair of options that contradict each other. */
void config_check(const config *c, config_report *report);

#endif
