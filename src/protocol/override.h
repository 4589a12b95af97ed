/* SPDX-License-Identifier: MIT */
/* What a token, or the server API, says about one subscription in place of its namespace. Pure. */
#ifndef PROTOCOL_OVERRIDE_H
#define PROTOCOL_OVERRIDE_H

#include <stdbool.h>

#include "view.h"

typedef enum override_choice {
    OVERRIDE_NONE, /* as the namespace says */
    OVERRIDE_OFF,
    OVERRIDE_ON,
} override_choice;

/* Zeroed: nothing is overridden. */
typedef struct channel_override {
    override_choice presence;
    override_choice join_leave;
    override_choice force_push_join_leave;
    override_choice force_positioning;
    override_choice force_recovery;
} channel_override;

/* Reads {"presence":{"value":true},...}, a valid JSON object; an empty view or null overrides
 * nothing. A choice without "value" means false; unknown members are ignored. false: a member has the
 * wrong type. */
bool channel_override_read(view object, channel_override *out);

static inline bool override_apply(override_choice choice, bool of_namespace)
{
    return choice == OVERRIDE_NONE ? of_namespace : choice == OVERRIDE_ON;
}

#endif
