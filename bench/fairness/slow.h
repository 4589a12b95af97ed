/* SPDX-License-Identifier: MIT */
/* A viewer behind a slow link: it reads so many bytes a second and no more. */
#ifndef FAIRNESS_SLOW_H
#define FAIRNESS_SLOW_H

#include <stdatomic.h>
#include <stdbool.h>

#include "histogram.h"
#include "talker.h"

/* Of the system's buffer for what comes, so that what is read late was not sent early: the smallest
 * there is. */
enum { SLOW_BUFFER = 1 };

typedef struct slow_result {
    histogram age; /* of publications as they are read, in nanoseconds since they were published */
    uint64_t bytes;
    bool cut_off;
} slow_result;

/* Reads until *x_over, or until it is cut off. */
void slow_read(talker *t, unsigned bytes_per_s, const _Atomic(bool) *x_over, slow_result *out);

#endif
