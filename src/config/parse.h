/* SPDX-License-Identifier: MIT */
/* Text to numbers. Pure; all of the text must fit, and *out may be changed on false. */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "view.h"

/* The twelve spellings of Go's strconv.ParseBool: 1, t, T, true, True, TRUE and 0, f, ... */
bool parse_bool(view text, bool *out);

/* Decimal digits only. */
bool parse_number(view text, uint64_t *out);

/* Bytes: a number, which KiB, MiB or GiB may follow. */
bool parse_size(view text, uint64_t *out);

/* Milliseconds: "1m30s", "1.5h", "250ms", as Go writes durations; "0" needs no unit. Parts of a
 * millisecond are refused. */
bool parse_duration(view text, uint64_t *out_ms);

#endif
