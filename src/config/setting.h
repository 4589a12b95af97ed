/* SPDX-License-Identifier: MIT */
/* One option set from one source, and the defaults behind all of them. */
#ifndef CONFIG_SETTING_H
#define CONFIG_SETTING_H

#include "option.h"
#include "place.h"
#include "tree.h"

/* Sets an option to its text in a flag or a variable; lists may be written as JSON. Reports what is
 * wrong. */
void setting_from_text(option_ref ref, view text, const place *at);

/* The same for a value in a file. */
void setting_from_node(option_ref ref, tree *t, yaml_node_t *value, const place *at);

/* Gives every option of the table its default in `object`, which is zeroed. Reports a failure,
 * which only want of memory explains. */
void setting_presets(const option_table *table, void *object, const place *at);

/* Frees what the options of the table hold in `object`. */
void setting_finis(const option_table *table, void *object);

#endif
