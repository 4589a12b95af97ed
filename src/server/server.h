/* SPDX-License-Identifier: MIT */
/* The whole server: wiring, start, signals, stop. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "config.h"

/* What a configuration is read from, as given to main(). */
typedef struct server_sources {
    int argc;
    char *const *argv;
    char *const *envp;
} server_sources;

/*
 * Runs until SIGTERM or SIGINT. Returns the exit status: 0 after an orderly stop, 1 when the server
 * could not start (the log says why in one line). A second signal ends the process at once. SIGHUP
 * has the configuration read again.
 *
 *   cfg       what was read at the start; stays the caller's
 *   sources   where from
 */
int server_run(const config *cfg, const server_sources *sources);

#endif
