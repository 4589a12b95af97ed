/* SPDX-License-Identifier: MIT */
/*
 * The head of a client's frame (RFC 6455 section 5.2), read beside wslay. wslay shows a frame only
 * once a byte of its payload has come; by the head alone we can refuse 2^62 bytes when they are
 * announced, and know where each frame ends.
 */
#ifndef WS_FRAME_HEAD_H
#define WS_FRAME_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view.h"

enum { FRAME_HEAD_MAX = 14 }; /* 2 bytes, 8 of length, 4 of mask */

/* Zeroed = nothing has come. */
typedef struct frame_head {
    uint8_t bytes[FRAME_HEAD_MAX];
    uint8_t len;
} frame_head;

/* How many bytes are missing as far as one can tell yet; 0: the head is complete. */
size_t frame_head_missing(const frame_head *h);

/* Adds at most frame_head_missing() bytes. */
void frame_head_add(frame_head *h, view bytes);

/* Of a complete head. */
bool frame_head_fin(const frame_head *h);
uint8_t frame_head_reserved_bits(const frame_head *h);
uint8_t frame_head_opcode(const frame_head *h);
bool frame_head_masked(const frame_head *h);
uint64_t frame_head_payload_len(const frame_head *h);

#endif
