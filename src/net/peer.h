/* SPDX-License-Identifier: MIT */
/* The other end of a TCP connection, as the kernel knows it. */
#ifndef NET_PEER_H
#define NET_PEER_H

#include <stdbool.h>
#include <stdint.h>

/* Has the kernel take little more than it can send at once, so that what waits, waits in the hub. */
void peer_hold_little(int fd);

/* How many bytes the peer's system has acknowledged, modulo 2^32; *outstanding: whether there are
 * others. */
uint32_t peer_acked(int fd, bool *outstanding);

#endif
