/* SPDX-License-Identifier: MIT */
/* Where to connect to: URLs, addresses, and where our own connections come from. */
#ifndef CHURN_TARGET_H
#define CHURN_TARGET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "buf.h"
#include "view.h"

enum {
    TARGET_HOST_MAX = 256,
    TARGET_PATH_MAX = 1024,
    TARGET_SOURCES = 200, /* source addresses that loopback connections are spread over */
};

typedef struct target {
    char host[TARGET_HOST_MAX]; /* as in the URL, with the port if it was given: for Host */
    char path[TARGET_PATH_MAX]; /* "/connection/websocket?x=1" */
    struct sockaddr_storage address;
    socklen_t address_len;
    bool loopback;
} target;

/* scheme: "ws" or "http". Resolves the name, which may take a while. false with a message. */
bool target_parse(target *t, const char *scheme, view url, buf *errors);

/* The URL of another service of the same host and port, e.g. its "/api". */
target target_sibling(const target *t, view path);

/*
 * A connecting socket, non-blocking; the serial number chooses the source address within
 * 127.0.0.0/8 when the target is loopback, so that the ports of one address are no limit.
 * Negative errno on failure.
 */
int target_dial(const target *t, uint64_t serial);

#endif
