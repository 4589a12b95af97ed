/* SPDX-License-Identifier: MIT */
/* Steps over JSON text that the json*.c files share. */
#ifndef PROTOCOL_JSON_SCAN_H
#define PROTOCOL_JSON_SCAN_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* RFC 8259 section 2: no other character is white space. */
static inline bool json_is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline const char *json_skip_space(const char *at, const char *end)
{
    while (at < end && json_is_space(*at))
        at++;
    return at;
}

static inline bool json_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A byte in a string that is not simply itself: quote, backslash, control character, not ASCII. */
static inline bool json_is_special(char c)
{
    return c == '"' || c == '\\' || (unsigned char)c < 0x20 || (unsigned char)c >= 0x80;
}

/*
 * The same of eight bytes at once: the lowest bit set is bit 7 of the first special byte; 0 if
 * there is none. A subtraction sets bit 7 of a byte that was below what is taken away; it may also
 * borrow from the bytes above, which is why only the lowest bit counts.
 */
static inline uint64_t json_special_bits(uint64_t word)
{
    const uint64_t each = 0x0101010101010101;
    uint64_t control = word - each * 0x20;
    uint64_t quote = (word ^ each * '"') - each;
    uint64_t backslash = (word ^ each * '\\') - each;

    return (control | quote | backslash | word) & each * 0x80;
}

/* The first special byte from `at` on, or `end`. */
static inline const char *json_skip_plain(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t word = 0;

        memcpy(&word, at, sizeof word);

        uint64_t bits = json_special_bits(le64toh(word));

        if (bits != 0)
            return at + __builtin_ctzll(bits) / 8;
        at += 8;
    }
    while (at < end && !json_is_special(*at))
        at++;
    return at;
}

#endif
