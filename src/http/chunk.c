/* SPDX-License-Identifier: MIT */
#include "chunk.h"

enum { MAX_SIZE_DIGITS = 15 }; /* fits into 60 bits: no sum of two overflows */

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20; /* lower case */
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool in_size(chunk *k, unsigned char c)
{
    int digit = hex_value(c);

    if (digit >= 0) {
        k->left = k->left * 16 + (uint64_t)digit;
        return ++k->line_len <= MAX_SIZE_DIGITS;
    }
    if (c == ';')
        k->place = CHUNK_EXTENSION;
    else if (c == '\r')
        k->place = CHUNK_SIZE_LF;
    else
        return false;
    return k->line_len != 0;
}

static bool in_extension(chunk *k, unsigned char c)
{
    if (c == '\r') {
        k->place = CHUNK_SIZE_LF;
        return true;
    }
    return (c == '\t' || (c >= ' ' && c != 0x7f)) && ++k->line_len <= CHUNK_MAX_LINE;
}

bool chunk_step(chunk *k, unsigned char c)
{
    switch (k->place) {
    case CHUNK_SIZE:
        return in_size(k, c);
    case CHUNK_EXTENSION:
        return in_extension(k, c);
    case CHUNK_SIZE_LF:
        k->place = k->left == 0 ? CHUNK_TRAILER : CHUNK_DATA;
        return c == '\n';
    case CHUNK_DATA_CR:
        k->place = CHUNK_DATA_LF;
        return c == '\r';
    case CHUNK_DATA_LF:
        *k = (chunk){.place = CHUNK_SIZE};
        return c == '\n';
    default:
        return false; /* data and trailer do not come here */
    }
}

void chunk_pass_data(chunk *k, uint64_t count)
{
    k->left -= count;
    if (k->left == 0)
        k->place = CHUNK_DATA_CR;
}
