/* SPDX-License-Identifier: MIT */
/* The servers that are compared: where they are, how they are started and ended. */
#ifndef FANOUT_SUBJECT_H
#define FANOUT_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dialect.h"

enum { SUBJECT_ARGS = 14 };

typedef struct subject {
    const char *name;
    const dialect *dialect;
    unsigned batch; /* of a floor: messages in one call; 0: no floor */
    unsigned depth; /* publications on their way at saturation: enough to never be idle */
    /* The command; of its arguments "PORT" stands for the port, and "%s/..." begins with the
     * directory of the peers or, in [0], of our own programs. */
    const char *args[SUBJECT_ARGS];
    const char *needs[3]; /* files without which it is not there, in the same notation */
    const char *how_to_get;
} subject;

extern const subject subjects[];
extern const unsigned subject_count;

/* NULL: there is none of this name. */
const subject *subject_named(const char *name);

/* Whether it can be started here. */
bool subject_is_here(const subject *s);

/* Starts it on the servers' processor, on a port that was free, and waits until it accepts
 * connections. `wrapper`: words to put before the command, or NULL. False: it does not. */
bool subject_start(const subject *s, const char *wrapper, pid_t *pid, uint16_t *port);

/* Asks it to end, waits for that a while, then kills it. */
void subject_stop(pid_t pid);

#endif
