/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef SERVER_SERVER_INTERNAL_H
#define SERVER_SERVER_INTERNAL_H

#include <uv.h>

#include "api.h"
#include "demo.h"
#include "hub.h"
#include "net.h"
#include "server.h"
#include "web.h"

enum { MAX_ROUTES = 3 + WEB_FILE_COUNT };

/* What the plain pages need. */
typedef struct pages {
    const config *cfg;
    hub *hub;
} pages;

/* ---- limits.c ---- */

/* Raises the process's descriptor limit as far as it may; returns how many connections that leaves
 * room for, 0: too few to run. */
uint32_t limits_raise_descriptors(unsigned workers);

/* CPUs this process may use. */
unsigned limits_cpu_count(void);

/* ---- memory.c ---- */

/* Before there are threads. Has large blocks come from the system and go back to it, always: by
 * itself the C library raises that size, and what it keeps, with every large block that is freed.
 */
void memory_setup(void);

typedef struct memory_keeper {
    uv_timer_t timer;
    const _Atomic(uint32_t) *x_connections;
    uint32_t peak; /* most connections since memory was last given back */
    bool due;
} memory_keeper;

/* Gives memory back to the system after a crowd has left, as long as the loop runs. The count is
 * read on the loop's thread. */
void memory_keeper_start(memory_keeper *k, uv_loop_t *loop, const _Atomic(uint32_t) *x_connections);

/* ---- pages.c ---- */

/* Fills `routes` (of MAX_ROUTES) with what this configuration serves on one kind of listeners, the
 * internal or the public ones; returns how many. */
size_t pages_routes(pages *p, api *a, bool internal, http_route *routes);

/* true: there are listeners for what only the operator is to reach. */
bool pages_has_internal(const config *cfg);

/* ---- publisher.c: the demo's figures ---- */

typedef struct publisher {
    hub *hub;
    demo_sampler *sampler;
    uv_timer_t timer;
    buf payload;
} publisher;

/* false: out of memory. */
bool publisher_start(publisher *p, uv_loop_t *loop, hub *h);
void publisher_stop(publisher *p);
void publisher_free(publisher *p);

/* ---- server.c ---- */

typedef struct server {
    const config *cfg;             /* const: the caller's; of it what is read once, at the start */
    const server_sources *sources; /* const */
    const net_rules *rules;        /* the newest ones */
    const net_rules *previous;     /* those before, while workers may still go by them; or NULL */
    net_house house;
    api api;
    pages pages;
    http_route routes[MAX_ROUTES];
    http_route internal[MAX_ROUTES];
    net_address address;
    net_address internal_address; /* port 0: there is none */
    publisher publisher;
    memory_keeper memory;
    unsigned worker_count;
    net_listeners *listeners;
    net_worker **workers;
    uv_loop_t loop;
    uv_signal_t signals[3];
    uv_async_t stepped;       /* a worker has done its step of the stop */
    uv_async_t configured;    /* a worker goes by the new configuration */
    uv_timer_t deadline;      /* of the stop */
    unsigned step;            /* of the stop: those that all workers have done */
    _Atomic(unsigned) x_done; /* workers that have done the one under way */
    _Atomic(unsigned) x_configured;
    bool stopping;
    bool reload_again; /* asked for while one was under way */
} server;

void server_each_worker(server *s, void (*fn)(net_worker *w));

/* ---- reload.c: the configuration is read again; all on the main thread but where it says so ---- */

/* The rules of the start. false: the log says why. */
bool rules_start(server *s);

bool reload_init(server *s);
void reload(server *s);

/* net_house.on_configured: on a worker's thread. */
void reload_on_worker_configured(void *arg, const net_rules *rules);

/* After the workers' end. */
void reload_fini(server *s);

#endif
