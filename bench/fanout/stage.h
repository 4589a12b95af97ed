/* SPDX-License-Identifier: MIT */
/* All subjects side by side: up at once, each with its audience, measured in turn. */
#ifndef FANOUT_STAGE_H
#define FANOUT_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "audience.h"
#include "report.h"
#include "subject.h"

enum { CONTENDERS_MAX = 16, ROUNDS_MAX = 25 };

/* A load, and for which set-up of channels. */
typedef struct scene {
    const char *load;
    size_t size;
    double rate; /* publications per second to all channels together; 0: saturation */
    unsigned channels;
    unsigned per_viewer;
} scene;

typedef struct contender {
    const subject *subject;
    pid_t pid;
    uint16_t port;
    audience audience;
    bool out; /* it failed, and is not measured any more */
} contender;

typedef struct stage {
    contender contenders[CONTENDERS_MAX];
    unsigned count;
    unsigned viewers;
    unsigned rounds;
    unsigned window_ms;
    const char *wrapper; /* words before Gracecast's command, or NULL */
    report *report;
    bool failed; /* some contender did */
} stage;

/* "n=1000 size=128 load=fixed"; with " channels=100" where that is not plain from the load. */
void scene_name(char out[48], const stage *st, const scene *sc);

/* Starts all contenders, and connects and subscribes their viewers in alternating slices. What
 * that took and the memory it needs are reported under the load "idle", unless viewers watch more
 * than one channel. */
void stage_open(stage *st, unsigned channels, unsigned per_viewer);

/* Alternating rounds of one load; reports medians. */
void stage_measure(stage *st, const scene *sc);

/* Sends the audiences home and ends the servers. */
void stage_close(stage *st);

#endif
