/* SPDX-License-Identifier: MIT */
/* The server under test as seen from outside: its process, and what it says about itself. */
#ifndef CHURN_SUBJECT_H
#define CHURN_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "target.h"

typedef struct subject {
    const char *command; /* starts it, or NULL: it runs already */
    const char *restart; /* a command that restarts it by other means, or NULL */
    const target *ws;
    const target *api;   /* NULL: it has no API that we could ask */
    const char *api_key; /* or NULL */
    pid_t pid;           /* 0: not known */
    bool ours;           /* we started it */
} subject;

/* Starts the server by its command and waits until it can be connected to. false with a message. */
bool subject_start(subject *s, buf *errors);

/* Ends what subject_start() began: SIGTERM, and SIGKILL if that does not help. */
void subject_stop(subject *s);

/* Takes seconds. */
bool subject_restart(subject *s, buf *errors);

/* CPU time that the process has used; 0 when there is no telling. */
uint64_t subject_cpu_ns(const subject *s);
/* Its resident memory in bytes; 0 when there is no telling. */
uint64_t subject_rss(const subject *s);

typedef struct subject_info {
    uint64_t clients;
    uint64_t subscriptions;
} subject_info;

/* Asks the API (method `info`) how many clients it counts. false: it does not say. */
bool subject_ask(const subject *s, subject_info *out);

#endif
