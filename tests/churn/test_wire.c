/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "wire.h"

Test(churn_wire, frames_every_length_so_that_it_can_be_taken_apart)
{
    const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, 70000};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char *payload = calloc(1, lengths[i] + 1);
        char *frame = malloc(WIRE_HEAD_MAX + lengths[i]);
        size_t len = wire_write_frame(frame, WIRE_TEXT, 0x12345678,
                                      (view){.ptr = payload, .len = lengths[i]});
        size_t head = 0;
        /* the mask, 4 bytes, is what a server's frame does not have */
        uint64_t seen = wire_frame_len((view){.ptr = frame, .len = len}, &head);

        cr_assert_eq(seen, len - 4);
        cr_assert_eq(len, head + 4 + lengths[i]);
        cr_assert_eq((uint8_t)frame[0], 0x81);
        free(payload);
        free(frame);
    }
}

Test(churn_wire, masks_the_payload)
{
    const uint8_t mask[] = {1, 2, 3, 4};
    uint32_t key = 0;
    char frame[WIRE_HEAD_MAX + 5];

    memcpy(&key, mask, sizeof key);
    cr_assert_eq(wire_write_frame(frame, WIRE_TEXT, key, VIEW_LIT("hello")), 11);
    for (int i = 0; i < 5; i++)
        cr_assert_eq((char)(frame[6 + i] ^ mask[i % 4]), "hello"[i]);
}

Test(churn_wire, waits_for_the_whole_head)
{
    const char frame[] = {(char)0x81, 126, 1, 0};
    size_t head = 0;

    for (size_t len = 0; len < sizeof frame; len++)
        cr_assert_eq(wire_frame_len((view){.ptr = frame, .len = len}, &head), 0);
    cr_assert_eq(wire_frame_len((view){.ptr = frame, .len = sizeof frame}, &head), 4 + 256);
}

Test(churn_wire, reads_the_answer_to_a_handshake)
{
    view head = VIEW_LIT("HTTP/1.1 101 Switching\r\nA: b\r\nsec-websocket-ACCEPT:  xyz= \r\n\r\n");

    cr_assert_eq(wire_status(head), 101);
    cr_assert(view_eq(wire_header(head, VIEW_LIT("Sec-WebSocket-Accept")), VIEW_LIT("xyz=")));
    cr_assert_eq(wire_header(head, VIEW_LIT("Sec-WebSocket")).len, 0);
    cr_assert_eq(wire_status(VIEW_LIT("SSH-2.0-OpenSSH_9.2\r\n\r\n")), 0);
    cr_assert_eq(wire_status(VIEW_LIT("")), 0);
}
