/* SPDX-License-Identifier: MIT */
/* Well-formed UTF-8, as RFC 3629 section 4 has it. Pure. */
#ifndef PROTOCOL_UTF8_H
#define PROTOCOL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* What stands in for text that is no Unicode: U+FFFD. */
enum { UTF8_REPLACEMENT = 0xFFFD };

/* Length in bytes (1 to 4) of the well-formed sequence that begins at `at`, before `end`; at < end.
 * 0: none does (overlong, surrogate, above U+10FFFF, cut short, or a stray byte). */
size_t utf8_sequence(const char *at, const char *end);

/* Writes a code point up to U+10FFFF, surrogates excluded; returns the number of bytes, 1 to 4. */
size_t utf8_encode(uint32_t code_point, char out[4]);

#endif
