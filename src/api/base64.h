/* SPDX-License-Identifier: MIT */
#ifndef API_BASE64_H
#define API_BASE64_H

#include <stdbool.h>

#include "buf.h"
#include "view.h"

/* Appends what `text` stands for (RFC 4648 section 4, padded, nothing but the alphabet). false: not
 * base64, or out of memory (out->failed). */
bool base64_decode(view text, buf *out);

#endif
