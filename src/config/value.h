/* SPDX-License-Identifier: MIT */
/* Values of options: from text to a field, freed. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "option.h"
#include "place.h"

/* Reads `text` into the field, replacing what it held. false: the field is unchanged and the reason
 * was reported. Of every type but NAMESPACES. */
bool value_set(option_ref ref, view text, const place *at);

/* The same for an option of type STRINGS with its items taken apart. */
bool value_set_strings(option_ref ref, const view *items, size_t count, const place *at);

/* Whether two fields of this type hold the same. Of every type but NAMESPACES. */
bool value_same(option_type type, const void *a, const void *b);

/* Frees what the field owns and zeroes it. */
void value_fini(option_ref ref);

#endif
