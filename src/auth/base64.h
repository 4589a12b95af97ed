/* SPDX-License-Identifier: MIT */
/* RFC 4648. Whatever is appended may grow the buffer; its failure shows in out->failed. */
#ifndef AUTH_BASE64_H
#define AUTH_BASE64_H

#include <stdbool.h>

#include "buf.h"
#include "view.h"

/* Appends what `text` stands for (section 4, padded, nothing but the alphabet). false: not base64, or
 * out of memory (out->failed). */
bool base64_decode(view text, buf *out);

/* The same for the alphabet that URLs can hold, without padding (section 5), as tokens have it; bits
 * that belong to no byte must be 0. Never more bytes than `text` has. */
bool base64url_decode(view text, buf *out);

/* Appends `bytes` in that alphabet, without padding. */
void base64url_encode(view bytes, buf *out);

#endif
