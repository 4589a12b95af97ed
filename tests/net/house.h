/* SPDX-License-Identifier: MIT */
/* One real worker on a loopback port, with routes of the test, and plain sockets to talk to it. */
#ifndef NET_HOUSE_H
#define NET_HOUSE_H

#include "mailbox.h"
#include "net.h"

typedef struct house {
    net_house net;
    config *cfg;
    net_rules rules; /* cfg, no keys */
    hub *hub;
    net_worker *worker;
    uint32_t port;
    _Atomic(bool) x_empty;          /* the worker has stopped */
    _Atomic(unsigned) x_configured; /* how often on_configured was */
} house;

void house_open(house *h, const http_route *routes, size_t count);

/* Runs `fn` on the worker's thread, from a letter, and returns when it has. */
void house_do(house *h, void (*fn)(void));

/* Tells the worker to stop; house_close() waits for the end. */
void house_stop(house *h);

/* Waits for the end of a worker that was told to stop, and checks that nothing is left. */
void house_close(house *h);

/* Waits until this many connections are open. */
void house_await_connections(house *h, uint32_t count);

/* A socket to the worker. Reading gives up after some seconds. */
int house_dial(const house *h);
void house_say(int fd, const char *bytes);

/* Reads until `end` has come as the last bytes; everything read must be `expected`... */
void house_expect(int fd, const char *expected);

/* ...and until the worker closes. */
void house_expect_end(int fd);

#endif
