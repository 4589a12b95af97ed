/* SPDX-License-Identifier: MIT */
/*
 * The server HTTP API: publishing and managing connections from the application's backend. One
 * method a function, chosen by the last part of the path; all of them run on the worker that has
 * the request and reach the rest of the server through the hub.
 */
#ifndef API_API_H
#define API_API_H

#include "config.h"
#include "exchange.h"
#include "hub.h"

enum { API_NODE_UID_LEN = 36 };

typedef struct api {
    const config *cfg;   /* const: what holds from the start to the end */
    hub *hub;            /* const */
    uint64_t started_ms; /* const: monotonic */
    char node_uid[API_NODE_UID_LEN + 1];
    char node_name[128];
} api;

void api_init(api *a, const config *cfg, hub *h);

/* What calls on this thread go by from now on, instead of that of the start. Between two events. */
void api_configure_here(const config *cfg);

/* A route's handler, and its admission: bodies of http_api.max_body_size from those who may call a
 * method, next to nothing from all others. `arg` is a struct api. */
void api_handle(void *arg, http_exchange *x);
http_admission api_admit(void *arg, const http_request *head);

#endif
