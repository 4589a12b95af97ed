/* SPDX-License-Identifier: MIT */
/* Many clients of one server in one thread: one of them broadcasts, the others receive. */
#ifndef MODELS_CROWD_H
#define MODELS_CROWD_H

#include <stdbool.h>
#include <stddef.h>

#include "server.h"

typedef struct crowd {
    struct {
        int fd;
        size_t missing; /* bytes of a frame of which a part has come */
    } * clients;        /* the first one broadcasts */
    size_t count;
    int epoll;
    uint64_t *latencies; /* ns of each delivery in the last crowd_run() */
    size_t latency_count;
    size_t latency_cap;
    size_t broadcasts;
} crowd;

/* Joins `count` clients, at least 2. Ends the process if that fails. */
void crowd_init(crowd *c, const server *s, size_t count);
void crowd_fini(crowd *c);

/* Broadcasts again and again, each time when all have received the last one, for at least this
 * long. Ends the process if a delivery takes more than ten seconds. */
void crowd_run(crowd *c, uint64_t duration_ns);

#endif
