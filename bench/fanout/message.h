/* SPDX-License-Identifier: MIT */
/*
 * What is published: a JSON object that carries when it was sent and which it is, at fixed places.
 *   {"t":"0123456789abcdef","s":"01234567","p":"...filling..."}
 */
#ifndef FANOUT_MESSAGE_H
#define FANOUT_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

enum {
    MESSAGE_MIN = 64,
    MESSAGE_MAX = 4096,
    MESSAGE_HEAD = 6,        /* bytes of {"t":" by which a message is known */
    MESSAGE_TIME_AT = 6,     /* nanoseconds, 16 hex digits */
    MESSAGE_SEQUENCE_AT = 29 /* 8 hex digits */
};

extern const char message_head[];

/* Fills `size` bytes, from MESSAGE_MIN to MESSAGE_MAX. */
void message_write(char *out, size_t size, uint64_t time_ns, uint32_t sequence);

/* The number in `digits` hex digits as message_write() makes them. */
uint64_t message_number(const char *at, int digits);

#endif
