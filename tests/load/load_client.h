/* SPDX-License-Identifier: MIT */
/*
 * Many WebSocket clients of one channel on one epoll instance, and what each must see: after its
 * first publication every next one is the number that follows.
 *
 * Publications carry [number,nanoseconds]: the time of publishing by this process' clock.
 */
#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_CHANNEL "load"

/* How a client goes. */
typedef enum load_way {
    LEAVE_CLOSE, /* close frame, then waits for the server's and its end */
    LEAVE_FIN,
    LEAVE_RESET,
    LEAVE_IN_HANDSHAKE, /* half a handshake, and gone */
    LEAVE_WAYS
} load_way;

typedef enum load_state {
    LOAD_NONE, /* no socket: new, or gone */
    LOAD_CONNECTING,
    LOAD_HANDSHAKE,
    LOAD_GREETING, /* connect and subscribe are on their way */
    LOAD_READY,    /* subscribed */
    LOAD_LEAVING,  /* has sent a close frame */
} load_state;

typedef struct load_client {
    int fd;
    uint8_t state; /* load_state */
    uint8_t way;   /* load_way */
    bool steady;   /* must have every publication, from 0 on, and may not be disconnected */
    uint64_t next; /* the number it expects; UINT64_MAX: any, it is its first */
    uint64_t seen; /* publications */
    uint64_t stay; /* leaves after so many publications */
    char *rest;    /* the beginning of a frame that is not complete */
    size_t rest_len;
} load_client;

/* What all of them share. */
typedef struct load_crowd {
    int epoll;
    uint16_t port;
    uint32_t sources;    /* source addresses used so far, to spread ports */
    uint32_t connecting; /* clients on their way to LOAD_READY */
    uint32_t ready;
    uint64_t deliveries; /* publications that have arrived */
} load_crowd;

/* Begins to connect. `way` and `stay` say when and how it goes by itself. */
void load_client_open(load_crowd *crowd, load_client *c, bool steady, load_way way, uint64_t stay);

/* Goes now, in its own way. */
void load_client_leave(load_crowd *crowd, load_client *c);

/* epoll has something for it. */
void load_client_event(load_crowd *crowd, load_client *c, uint32_t events);

#endif
