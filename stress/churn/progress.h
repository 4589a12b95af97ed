/* SPDX-License-Identifier: MIT */
/* What is shown while a run goes on: a display on a terminal, plain lines elsewhere. */
#ifndef CHURN_PROGRESS_H
#define CHURN_PROGRESS_H

#include "run.h"

typedef struct progress {
    bool terminal;
    bool quiet;
    int lines;           /* drawn last, to be drawn over */
    double printed_at_s; /* plain lines: when the last one was */
} progress;

void progress_init(progress *p, bool quiet);

/* A phase begins. */
void progress_phase(progress *p, const run *r, double at_s);

/* The last sample of `r` is new. */
void progress_show(progress *p, const run *r, const tally *total, double at_s);

/* A line of text in between. */
void progress_say(progress *p, const char *text);

/* Leaves the terminal as it should be. */
void progress_end(progress *p);

#endif
