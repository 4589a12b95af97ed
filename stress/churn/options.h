/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef CHURN_OPTIONS_H
#define CHURN_OPTIONS_H

#include "plan.h"

typedef struct options {
    const char *url;
    const char *api_url;
    const char *api_key;
    const char *server_cmd;
    const char *restart_cmd;
    const char *report;
    const char *plot;
    uint32_t server_pid;
    uint32_t helpers;
    bool own_host;
    bool quiet;
    bool help;
    bool version;
    bool list_phases; /* print the plan and do nothing */
} options;

/*
 * Reads everything into *o and *p; the strings in *o point into argv. A scenario file is read
 * first, so that options change it wherever they stand. false with messages.
 */
bool options_parse(options *o, plan *p, int argc, char **argv, buf *errors);

/* The text of --help. */
void options_help(buf *out);

#endif
