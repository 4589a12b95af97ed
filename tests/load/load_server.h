/* SPDX-License-Identifier: MIT */
/* The server under load: a process that is started here, its API, and what the system says of it.
 * What goes wrong here ends the program with a message: there is nothing to test without it. */
#ifndef LOAD_SERVER_H
#define LOAD_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LOAD_API_KEY "load"

typedef struct load_server {
    pid_t pid;
    uint16_t port;
    int api; /* a keep-alive connection for calls that are waited for */
} load_server;

/* Starts the program on a free port of 127.0.0.1 and waits until it listens. */
void load_server_start(load_server *s, const char *path);

/* Asks it to stop; false: it did not end with status 0 in good time. */
bool load_server_stop(load_server *s);

/* The number after "name": in what `info` answers. */
uint64_t load_server_figure(load_server *s, const char *name);

uint64_t load_server_rss(const load_server *s);    /* bytes */
uint64_t load_server_cpu_us(const load_server *s); /* user and system time so far */

/* Prints the message and ends the program. */
_Noreturn void load_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
