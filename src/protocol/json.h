/* SPDX-License-Identifier: MIT */
/*
 * JSON as bytes. Payloads pass through this server untouched, so text is validated by its grammar
 * and members are found as views of the original bytes: no number is converted, no key reordered,
 * no document built.  RFC 8259; never recursive.
 */
#ifndef PROTOCOL_JSON_H
#define PROTOCOL_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "view.h"

/* Nesting allowed in any document we accept. */
enum { JSON_MAX_DEPTH = 2048 };

/* true: `text` is exactly one JSON value (white space around it allowed) of valid UTF-8, nested at
 * most JSON_MAX_DEPTH deep. Numbers may be of any size, and \u escapes need not pair up as
 * surrogates: that is a matter of who converts them. Allocates nothing; linear in text.len. */
bool json_valid(view text);

/*
 * The functions below expect text that json_valid() accepted. With other text their answers mean
 * nothing, but they read nothing outside of it and every walk ends.
 */

typedef enum json_kind {
    JSON_KIND_NULL,
    JSON_KIND_BOOL,
    JSON_KIND_NUMBER,
    JSON_KIND_STRING,
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT,
} json_kind;

/* Told by the first character. An empty view counts as null. */
json_kind json_kind_of(view value);

/* A walk over the members of an object or the elements of an array. Duplicate names are all shown.
 */
typedef struct json_iter {
    const char *at;
    const char *end;
    bool object;
} json_iter;

/* false: `value` is neither an object nor an array. */
bool json_iter_init(json_iter *it, view value);

/* The next member; both views without surrounding white space. `key` is the raw string with its
 * quotes, empty for an array; may be NULL. false at the end. */
bool json_iter_next(json_iter *it, view *key, view *value);

/* true: the raw string `raw` (quotes included) spells exactly `text`; escapes count as what they
 * stand for. */
bool json_string_is(view raw, view text);

/* Appends what a raw string stands for, as UTF-8, never more bytes than `raw` has. A lone surrogate
 * escape becomes U+FFFD. false: `raw` is no string, or out of memory (out->failed). */
bool json_string_decode(view raw, buf *out);

/* Digits without sign, fraction or exponent. false for anything else or out of range; *out is then
 * untouched. */
bool json_u64(view raw, uint64_t *out);

/* The same with an optional minus sign. */
bool json_i64(view raw, int64_t *out);

/* false for anything but the two literals; *out is then untouched. */
bool json_bool(view raw, bool *out);

/* Appends `text` as a quoted JSON string: control characters, quote, backslash, < > & and
 * U+2028/2029 escaped, invalid UTF-8 replaced by U+FFFD. */
void json_write_string(buf *out, view text);

/* Appends a valid JSON value without the line feeds and carriage returns that stand between its
 * tokens (the framing of the protocol cuts at line feeds); every other byte as it is. Appends
 * nothing for an empty view. */
void json_write_raw(buf *out, view value);

#endif
