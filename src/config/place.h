/* SPDX-License-Identifier: MIT */
/* Where a setting comes from, and complaints about it. */
#ifndef CONFIG_PLACE_H
#define CONFIG_PLACE_H

#include "config.h"

typedef enum place_kind {
    PLACE_DEFAULT,
    PLACE_FILE,
    PLACE_VARIABLE,
    PLACE_FLAG,
} place_kind;

typedef struct place {
    config_report *report; /* where complaints go */
    place_kind kind;
    view source; /* "--client.insecure", "GRACECAST_CLIENT_INSECURE" or the file's name */
    size_t line; /* of the file, from 1 */
    view path;   /* within the source: "client.insecure"; "" where the source names the option */
} place;

/* Adds one line, "source:line: path: " and the text, to the errors or the warnings. */
void place_error(const place *at, const char *format, ...) __attribute__((format(printf, 2, 3)));
void place_warn(const place *at, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
