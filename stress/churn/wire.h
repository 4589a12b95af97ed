/* SPDX-License-Identifier: MIT */
/*
 * The client's end of WebSocket as bytes (RFC 6455): the answer to the handshake, frames of the
 * server, frames of ours. Pure.
 */
#ifndef CHURN_WIRE_H
#define CHURN_WIRE_H

#include <stdint.h>

#include "view.h"

/* Opcodes: RFC 6455 section 5.2. */
enum {
    WIRE_CONTINUATION = 0,
    WIRE_TEXT = 1,
    WIRE_BINARY = 2,
    WIRE_CLOSE = 8,
    WIRE_PING = 9,
    WIRE_PONG = 10,
    WIRE_HEAD_MAX = 14, /* of a frame of ours: 2 bytes, 8 of length, 4 of mask */
};

/* 101 of "HTTP/1.1 101 Switching Protocols"; 0: no status line. */
uint64_t wire_status(view head);

/* The value of a header of an HTTP answer, without the space around it; empty if it is not there. */
view wire_header(view head, view name);

/* Writes a whole, masked frame into out[WIRE_HEAD_MAX + payload.len]; returns its length. */
size_t wire_write_frame(char *out, uint8_t opcode, uint32_t mask, view payload);

/* The length of the server's frame that begins here, head included; *head = that of its head. 0:
 * too little has come to tell. */
uint64_t wire_frame_len(view bytes, size_t *head);

#endif
