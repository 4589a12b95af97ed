/* SPDX-License-Identifier: MIT */
/*
 * What every publication of ours carries: its channel, its number in that channel, the instant at
 * which it was due. A JSON object with the members in fixed order,
 *   {"c":12,"s":345,"t":678901234567,"p":"xxxx"}
 * so that it is found in whatever a server wraps around it without parsing that.
 */
#ifndef CHURN_STAMP_H
#define CHURN_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "view.h"

enum {
    STAMP_MAX_SIZE = 65536, /* bytes of a payload */
    STAMP_MIN_ROOM = 96,    /* enough for any stamp without padding */
};

typedef struct stamp {
    uint32_t channel;
    uint64_t seq;    /* the first one is 1 */
    uint64_t due_ns; /* monotonic clock of this machine */
} stamp;

/*
 * Writes the payload, padded to `size` bytes where it would be shorter.
 *
 *   out  room for STAMP_MIN_ROOM + size bytes
 *
 * Returns its length.
 */
size_t stamp_write(char *out, size_t size, stamp s);

/* Finds the first stamp in `text`. *rest = what follows it. false: there is none. */
bool stamp_find(view text, stamp *out, view *rest);

#endif
