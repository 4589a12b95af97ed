/* SPDX-License-Identifier: MIT */
/* The configuration file. */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "place.h"

/* Reads c->file into c. Reports what is wrong. */
void file_load(config *c, config_report *report);

#endif
