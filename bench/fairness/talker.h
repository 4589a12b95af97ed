/* SPDX-License-Identifier: MIT */
/* One client that speaks Centrifugo's protocol and waits for each answer. */
#ifndef FAIRNESS_TALKER_H
#define FAIRNESS_TALKER_H

#include <stdbool.h>
#include <stdint.h>

#include "view.h"

enum { TALKER_BYTES = 65536 };

typedef struct talker {
    int fd;
    uint16_t port;
    unsigned count; /* of its publications */
    size_t len;
    char in[TALKER_BYTES];
} talker;

/* Connects, and subscribes unless `channel` is NULL. `buffer`: bytes of the socket's buffer for what
 * comes; 0: the system's. false, with a message, if the server does not answer as it should. */
bool talker_open(talker *t, uint16_t port, const char *channel, int buffer);
void talker_close(talker *t);

/* What each of these took, in nanoseconds; 0, with a message: it failed. */

/* A ping of WebSocket's own, to its pong. */
uint64_t talker_ping(talker *t);

/* A new connection, to the answer to its handshake. It is closed again. */
uint64_t talker_arrive(talker *t);

/* A publication to a channel that t has subscribed to, to its arrival. */
uint64_t talker_publish(talker *t, const char *channel);

/* Sends a text message. */
bool talker_say(talker *t, view text);

#endif
