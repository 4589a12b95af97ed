/* SPDX-License-Identifier: MIT */
/* The opening handshake of WebSocket, as little of it as the comparison needs. */
#ifndef MODELS_HANDSHAKE_H
#define MODELS_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>

enum { HANDSHAKE_ANSWER_MAX = 160 };

/* The length of the request at the beginning of a NUL-terminated text; 0 if it is not whole. */
size_t handshake_len(const char *head);

/* Writes the answer to a whole request (RFC 6455 section 4.2.2) and returns its length; 0 if it is
 * none that asks for WebSocket. */
size_t handshake_answer(const char *head, char answer[static HANDSHAKE_ANSWER_MAX]);

#endif
