/* SPDX-License-Identifier: MIT */
/*
 * The process that leads the helpers through the phases, restarts the server where a phase asks for
 * it, watches, and keeps the books. Connections are the helpers' alone.
 */
#ifndef CHURN_CONDUCTOR_H
#define CHURN_CONDUCTOR_H

#include "run.h"

typedef struct conductor_opts {
    const plan *plan;
    const target *ws;
    const target *api; /* or NULL */
    const char *api_key;
    subject *subject;
    uint32_t helpers; /* 0: as many as the limit of descriptors makes necessary */
    bool quiet;
} conductor_opts;

/* Runs it all. false with a message when it could not even begin. */
bool conductor_run(const conductor_opts *opts, run *r, buf *errors);
void conductor_free_run(run *r);

#endif
