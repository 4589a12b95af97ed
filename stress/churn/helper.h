/* SPDX-License-Identifier: MIT */
/*
 * A helper: one process with one epoll loop that holds its share of the connections. It follows the
 * phase that the conductor writes into the shared memory, reports there when its part is done, and
 * leaves when the phases are over.
 */
#ifndef CHURN_HELPER_H
#define CHURN_HELPER_H

#include "plan.h"
#include "shared.h"
#include "target.h"

typedef struct helper_opts {
    const plan *plan;
    const target *ws;
    const target *api;   /* publishing by HTTP: ".../api/publish", or where raw payloads go */
    const char *api_key; /* or NULL */
    shared *shared;
    uint32_t index; /* helper 0 is the one that publishes */
    uint32_t count;
    uint32_t capacity; /* connections that this helper may have at a time */
} helper_opts;

/* Descriptors that a process needs besides those of its connections. */
enum { HELPER_SPARE_FDS = 128 };

/* Returns when there is nothing left to do. false: no memory or no epoll. */
bool helper_run(const helper_opts *opts);

#endif
