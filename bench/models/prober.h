/* SPDX-License-Identifier: MIT */
/* A thread that joins a server again and again, at fixed times, and leaves it at once. */
#ifndef MODELS_PROBER_H
#define MODELS_PROBER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "server.h"

enum { PROBES_MAX = 10000, PROBE_EVERY_NS = 10000000 };

typedef struct prober {
    const server *server;
    uint64_t latencies[PROBES_MAX]; /* ns from the time at which a client should have begun to
                                       connect to the answer that says it is registered */
    size_t count;
    atomic_bool x_stop; /* atomic, relaxed: nothing else hangs on it */
    pthread_t thread;
} prober;

void prober_start(prober *p, const server *s);
/* Afterwards the latencies may be read. */
void prober_stop(prober *p);

#endif
