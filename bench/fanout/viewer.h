/* SPDX-License-Identifier: MIT */
/* The viewers of an audience: connecting, and counting what comes. */
#ifndef FANOUT_VIEWER_H
#define FANOUT_VIEWER_H

#include <stdbool.h>
#include <stdint.h>

#include "audience.h"
#include "histogram.h"
#include "message.h"

enum { READ_BYTES = 262144, CARRY_BYTES = 65536 + 4 };

typedef enum viewer_state {
    VIEWER_ABSENT,
    VIEWER_UPGRADING,
    VIEWER_CONNECTING, /* waits for the reply to connect */
    VIEWER_CONNECTED,
    VIEWER_SUBSCRIBING, /* waits for the replies to subscribe */
} viewer_state;

typedef struct viewer {
    int fd;
    viewer_state state;
    uint32_t index;
    uint32_t count; /* messages of this run */
    uint32_t next;  /* sequence number above the last */
    uint64_t sum;   /* of the sequence numbers */
    char *carry;    /* the beginning of a frame whose end is to come; or NULL */
    uint32_t carry_len;
} viewer;

/* What all viewers share. */
typedef struct hall {
    audience_plan plan;
    viewer *viewers;
    unsigned waiting; /* viewers that wait for an answer */
    char error[128];  /* what went wrong first; empty: nothing */
    /* of this run */
    uint64_t received;
    size_t message_at;  /* where the message begins in its line; frames have one line or more */
    size_t message_len; /* 0: none was seen yet */
    uint64_t now_ns;    /* of the last read */
    histogram latency;
    char buffer[CARRY_BYTES + READ_BYTES];
} hall;

void hall_fail(hall *h, const char *what);

/* Connects a viewer, blocking, and sends the handshake. */
void viewer_connect(hall *h, viewer *v);

/* Sends what subscribes it, if it must send something. */
void viewer_subscribe(hall *h, viewer *v);

/* Reads all that is there, once. */
void viewer_read(hall *h, viewer *v);

/* Forgets what was received. */
void hall_reset(hall *h);

/* Fails unless every viewer got every one of these publications exactly once, in order where it
 * watches one channel. */
void hall_verify(hall *h, uint32_t publications);

/* A connected descriptor, blocking; -1 with errno. Each source address serves 20,000 connections. */
int hall_dial(uint16_t port, unsigned index);

#endif
