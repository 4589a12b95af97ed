/* SPDX-License-Identifier: MIT */
#include "utf8.h"

/* What a lead byte promises. The second byte has a range of its own after some: there overlong
 * forms, surrogates and code points above U+10FFFF begin. */
typedef struct promise {
    size_t len; /* 0: not a lead byte */
    unsigned char second_min;
    unsigned char second_max;
} promise;

static promise promise_of(unsigned char lead)
{
    promise p = {.len = 0, .second_min = 0x80, .second_max = 0xBF};

    if (lead < 0x80) {
        p.len = 1;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
        p.len = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        p.len = 3;
        p.second_min = lead == 0xE0 ? 0xA0 : 0x80;
        p.second_max = lead == 0xED ? 0x9F : 0xBF;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        p.len = 4;
        p.second_min = lead == 0xF0 ? 0x90 : 0x80;
        p.second_max = lead == 0xF4 ? 0x8F : 0xBF;
    }
    return p;
}

size_t utf8_sequence(const char *at, const char *end)
{
    const unsigned char *bytes = (const unsigned char *)at;
    promise p = promise_of(bytes[0]);

    if (p.len > (size_t)(end - at))
        return 0;
    if (p.len >= 2 && (bytes[1] < p.second_min || bytes[1] > p.second_max))
        return 0;
    for (size_t i = 2; i < p.len; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    }
    return p.len;
}

static char continuation(uint32_t bits)
{
    return (char)(0x80 | (bits & 0x3F));
}

size_t utf8_encode(uint32_t code_point, char out[4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xC0 | code_point >> 6);
        out[1] = continuation(code_point);
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (char)(0xE0 | code_point >> 12);
        out[1] = continuation(code_point >> 6);
        out[2] = continuation(code_point);
        return 3;
    }
    out[0] = (char)(0xF0 | code_point >> 18);
    out[1] = continuation(code_point >> 12);
    out[2] = continuation(code_point >> 6);
    out[3] = continuation(code_point);
    return 4;
}
