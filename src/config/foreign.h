/* SPDX-License-Identifier: MIT */
/* Options of Centrifugo that this server does not have. */
#ifndef CONFIG_FOREIGN_H
#define CONFIG_FOREIGN_H

#include <stdbool.h>

#include "view.h"

typedef enum foreign_kind {
    FOREIGN_UNKNOWN,     /* not one of Centrifugo's either, for all we know */
    FOREIGN_HARMLESS,    /* the value asks for nothing but what we do anyway */
    FOREIGN_UNSUPPORTED, /* the value asks for something that we lack */
} foreign_kind;

/* By full name, in lower case with dots or as in a variable. */
foreign_kind foreign_option(view name, view value);

/* By name within a namespace. */
foreign_kind foreign_channel_option(view name, view value);

/* true: `name` is a section of options that we lack: "admin", "client.token". */
bool foreign_is_section(view name);

/* A name as one in a variable would be, in lower case: '.' becomes '_'. */
char foreign_fold(char c);

#endif
