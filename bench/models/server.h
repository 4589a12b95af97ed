/* SPDX-License-Identifier: MIT */
/* A chat server as a child process, and connections to it. */
#ifndef MODELS_SERVER_H
#define MODELS_SERVER_H

#include <stdint.h>
#include <sys/types.h>

typedef struct server {
    pid_t pid;
    uint16_t port;
} server;

/* Starts the program of this name that lies beside our own. Ends the process if that fails. */
void server_start(server *s, const char *name);
void server_stop(const server *s);

/* A blocking connection that has been accepted and upgraded; -1, with errno set, if it failed. */
int server_join(const server *s);

#endif
