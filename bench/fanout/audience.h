/* SPDX-License-Identifier: MIT */
/*
 * The audience of one server: a process of its own that holds all its viewers and its publisher,
 * much cheaper than any server: one epoll, large reads, and of each frame it reads the length, the
 * time and the number. It counts what every viewer got and accepts no more and no less than was
 * published to it.
 *
 * Commands go to it and answers come back by a socket; each function here waits for the answer, and
 * returns false after a message on stderr if the audience was not pleased. One thread.
 */
#ifndef FANOUT_AUDIENCE_H
#define FANOUT_AUDIENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dialect.h"

typedef struct audience_plan {
    const char *name; /* of the server, for messages */
    const dialect *dialect;
    uint16_t port;
    unsigned viewers;
    unsigned channels;   /* there are this many */
    unsigned per_viewer; /* of which each viewer watches so many: one, or all of them */
} audience_plan;

/* One run: publications go round the channels. */
typedef struct audience_run_plan {
    size_t size;         /* bytes of a message */
    double rate;         /* publications per second; 0: as many as are taken */
    unsigned depth;      /* with rate 0: publications on their way at any time */
    uint64_t window_ns;  /* publishing ends after this time */
    uint64_t deliveries; /* or after this many; the run ends when all have arrived */
} audience_run_plan;

typedef struct audience_result {
    uint64_t publications;
    uint64_t deliveries;
    uint64_t elapsed_ns; /* from the first publication to the last delivery */
    uint64_t cpu_ns;     /* of the audience itself */
    uint64_t p50_ns;     /* from handing a publication over to reading it */
    uint64_t p99_ns;
    uint64_t p999_ns;
    uint64_t max_ns;
} audience_result;

typedef struct audience {
    pid_t pid;
    int fd; /* of the commands */
} audience;

bool audience_start(audience *a, const audience_plan *plan);

/* Viewers from..to-1 connect, and where the dialect has commands, say so. */
bool audience_connect(audience *a, unsigned from, unsigned to);

/* Viewers from..to-1 subscribe; where the URL names the channels that is done already. */
bool audience_subscribe(audience *a, unsigned from, unsigned to);

bool audience_run(audience *a, const audience_run_plan *plan, audience_result *result);

/* Everybody leaves. Harmless after a start that failed. */
void audience_stop(audience *a);

#endif
