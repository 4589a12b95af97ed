/* SPDX-License-Identifier: MIT */
/* Writes down what a reader reports: "text(hello) ping() close 1000(bye) failed 1002". */
#ifndef SUPPORT_WS_RECORDER_H
#define SUPPORT_WS_RECORDER_H

#include "buf.h"
#include "ws.h"

typedef struct recorder {
    buf log;
    ws_reader *reader; /* where to call ws_reader_stop() */
    ws_opcode stop_on; /* stops the reader in this event; 0: never */
} recorder;

extern const ws_events recorder_events;

/* Adds how a feed ended, unless it was WS_OK. */
void recorder_end(recorder *rec, ws_result result);

/* NUL-terminated; good until the next event. */
const char *recorder_text(recorder *rec);

/* Appends a client's frame: `head` is its first byte, the payload is masked with `mask`. */
void append_frame(buf *out, uint8_t head, view payload, uint32_t mask);

#endif
