/* SPDX-License-Identifier: MIT */
/* The whole server: wiring, start, signals, stop. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "config.h"

/*
 * Runs until SIGTERM or SIGINT. Returns the exit status: 0 after an orderly stop, 1 when the server
 * could not start (the log says why in one line). A second signal ends the process at once.
 */
int server_run(const config *cfg);

#endif
