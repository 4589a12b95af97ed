/* SPDX-License-Identifier: MIT */
/*
 * The event loops: a worker is one thread with one libuv loop, its own listening sockets, its own
 * connections and its own timers. Workers share nothing that changes but a count of open
 * connections.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdatomic.h>
#include <stdbool.h>

#include "client_tokens.h"
#include "config.h"
#include "exchange.h"
#include "hub.h"

typedef struct net_worker net_worker;

typedef struct http_routes {
    const http_route *items;
    size_t count;
} http_routes;

/* What a worker goes by, from one event to another; read again, they become others. */
typedef struct net_rules {
    const config *cfg;
    client_tokens tokens; /* the keys of cfg */
} net_rules;

/* What all workers share. */
typedef struct net_house {
    const config *cfg; /* const: what holds from the start to the end */
    /* What the workers go by; replaced before net_worker_configure(). Nobody keeps a pointer into it
     * beyond the event that he handles. */
    _Atomic(const net_rules *) x_rules;
    hub *hub;             /* const */
    http_routes routes;   /* const: what is served beside WebSocket */
    http_routes internal; /* const: what is served on internal listeners, where WebSocket is not */
    bool io_uring;        /* const: workers write through rings; uring_problem() is NULL then */
    uint32_t max_connections; /* const: what the descriptor limit allows */
    /* A worker has done what net_worker_hush(), _settle() or _stop() asked it for. On its thread. */
    void (*on_step)(void *arg);
    /* A worker goes by `rules`, and has nothing left of those before. On its thread. */
    void (*on_configured)(void *arg, const net_rules *rules);
    void *arg;
    _Atomic(uint32_t) x_connections; /* open ones, of all workers */
    _Atomic(uint32_t) x_clients;     /* those of them that are WebSockets */
    _Atomic(uint64_t) x_rate;        /* handshakes of this second: rate.h */
} net_house;

/* What the hub reaches connections through. */
extern const hub_sink net_sink;

/* Listening sockets of one worker: public and internal ones, IPv4 and IPv6. Zeroed: none. */
enum { NET_MAX_LISTENERS = 4 };

typedef struct net_listeners {
    int fds[NET_MAX_LISTENERS];
    bool internal[NET_MAX_LISTENERS];
    int count;
} net_listeners;

/* Where to listen. */
typedef struct net_address {
    view address;  /* a literal; empty: all of IPv4 and, where the system has it, IPv6 */
    uint32_t port; /* 0: any free one */
    bool internal; /* what is accepted there is served the internal routes */
} net_address;

/*
 * Opens listening sockets for `workers` workers on the same port (SO_REUSEPORT: the kernel spreads
 * connections over them).
 *
 *   where     in: what is wanted; out: with the port in use
 *   out       an array of `workers`, each of which gets one or two sockets more; two of
 *             NET_MAX_LISTENERS have to be free. On failure all are closed, also those it had
 *   error     on failure: one line that says why, at least 256 bytes
 *
 * Refuses a port on which anybody listens already, ourselves included.
 */
bool net_listen(net_address *where, unsigned workers, net_listeners *out, char *error,
                size_t error_size);

/* Takes over the sockets. NULL: out of memory. The loop runs once net_worker_start() is called. */
net_worker *net_worker_new(net_house *house, unsigned index, const net_listeners *listeners);

/* Starts the thread; false with errno's text in the log. */
bool net_worker_start(net_worker *w);

/* Any thread, after house->x_rules were replaced: house->on_configured() follows, unless it is called again
 * before, or the worker ends. */
void net_worker_configure(net_worker *w);

/*
 * The stop. Any thread; after each of these house->on_step() follows, and the next one comes when all
 * workers have called it. A publication goes from its publisher to the channel's home worker and from
 * there to the workers with subscribers, so what was published before the hush is at home when all
 * are hushed, with the subscribers' workers when all are settled, and sent before the close.
 *
 *   hush     takes no connections, requests and commands any more; done when all requests are answered
 *   settle   opens the letters that are there
 *   stop     sends what waits, also for an interval to end, and closes every connection with 3001; done when
 *            the last one is gone
 */
void net_worker_hush(net_worker *w);
void net_worker_settle(net_worker *w);
void net_worker_stop(net_worker *w);

/* Any thread. Drops what is left without waiting for the peers. */
void net_worker_drop(net_worker *w);

/* Any thread, when all workers have stopped. The thread ends. */
void net_worker_exit(net_worker *w);

/* Waits for the thread and frees the worker. */
void net_worker_join(net_worker *w);

#endif
