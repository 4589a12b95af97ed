/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "ws.h"

static void expect_header(ws_opcode opcode, uint64_t len, view expected)
{
    uint8_t out[WS_MAX_HEADER];
    size_t n = ws_header(out, opcode, len);

    cr_expect(view_eq((view){(char *)out, n}, expected), "%zu bytes of header for %llu", n,
              (unsigned long long)len);
}

Test(ws_writer, takes_the_shortest_header)
{
    expect_header(WS_TEXT, 0, VIEW_LIT("\x81\x00"));
    expect_header(WS_TEXT, 125, VIEW_LIT("\x81\x7d"));
    expect_header(WS_BINARY, 126, VIEW_LIT("\x82\x7e\x00\x7e"));
    expect_header(WS_TEXT, 65535, VIEW_LIT("\x81\x7e\xff\xff"));
    expect_header(WS_TEXT, 65536, VIEW_LIT("\x81\x7f\0\0\0\0\0\x01\0\0"));
    expect_header(WS_BINARY, 0x0123456789abcdef,
                  VIEW_LIT("\x82\x7f\x01\x23\x45\x67\x89\xab\xcd\xef"));
    expect_header(WS_PONG, 1, VIEW_LIT("\x8a\x01"));
}

static void expect_close(uint16_t code, view reason, view expected)
{
    uint8_t out[2 + WS_MAX_CONTROL];
    size_t n = ws_close_frame(out, code, reason);

    cr_expect(view_eq((view){(char *)out, n}, expected), "%u", code);
}

Test(ws_writer, closes_with_code_and_reason)
{
    expect_close(0, (view){0}, VIEW_LIT("\x88\x00"));
    expect_close(0, VIEW_LIT("lost"), VIEW_LIT("\x88\x00"));
    expect_close(1000, (view){0}, VIEW_LIT("\x88\x02\x03\xe8"));
    expect_close(3008, VIEW_LIT("slow"), VIEW_LIT("\x88\x06\x0b\xc0slow"));
}

/* `prefix` letters, then as many euro signs (3 bytes) as make more than fits */
static size_t cut_reason_len(size_t prefix)
{
    view euro = VIEW_LIT("\xe2\x82\xac");
    char reason[400];
    uint8_t out[2 + WS_MAX_CONTROL];
    size_t len = prefix;

    memset(reason, 'a', prefix);
    for (; len + 3 <= sizeof reason; len += 3)
        memcpy(reason + len, euro.ptr, euro.len);

    size_t n = ws_close_frame(out, 1000, (view){reason, len});

    cr_expect_eq(out[1], n - 2);
    cr_expect_eq(memcmp(out + 4, reason, n - 4), 0);
    return n - 4;
}

Test(ws_writer, cuts_a_long_reason_between_characters)
{
    cr_expect_eq(cut_reason_len(0), 123); /* 41 euro signs fit exactly */
    cr_expect_eq(cut_reason_len(1), 121);
    cr_expect_eq(cut_reason_len(2), 122);
    cr_expect_eq(cut_reason_len(123), 123);
}
