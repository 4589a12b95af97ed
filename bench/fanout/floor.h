/* SPDX-License-Identifier: MIT */
/*
 * The floor: the least a server can do. It keeps an array of descriptors per channel and sends the
 * same bytes to each in turn, nothing else: no queues, no timers, no look-ups, no protocol but the
 * WebSocket handshake and header. It has no use but to be compared with.
 */
#ifndef FANOUT_FLOOR_H
#define FANOUT_FLOOR_H

#include <stdint.h>

/*
 * A publisher is a connection that does not begin with a handshake. It sends floor_header, then
 * `len` bytes of message, and so on. A header without message makes all channels send what they
 * have gathered.
 */
typedef struct floor_header {
    uint16_t channel; /* below FLOOR_CHANNELS */
    uint16_t len;
} floor_header;

enum { FLOOR_CHANNELS = 100 };

/* Serves 127.0.0.1:port and never returns. `batch`: messages of a channel that are gathered for one
 * call. Viewers name their channels in the URL, /?c=c000,c001. */
_Noreturn void floor_run(uint16_t port, unsigned batch);

#endif
