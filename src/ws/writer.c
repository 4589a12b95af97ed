/* SPDX-License-Identifier: MIT */
/* The frames that we send (RFC 6455 section 5.2): never masked, never fragmented. */
#include "ws.h"

enum { FIN = 0x80 };

/* network byte order */
static void put_number(uint8_t *out, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
}

size_t ws_header(uint8_t *out, ws_opcode opcode, uint64_t payload_len)
{
    out[0] = (uint8_t)(FIN | opcode);
    if (payload_len <= 125) {
        out[1] = (uint8_t)payload_len;
        return 2;
    }
    if (payload_len <= UINT16_MAX) {
        out[1] = 126;
        put_number(out + 2, payload_len, 2);
        return 4;
    }
    out[1] = 127;
    put_number(out + 2, payload_len, 8);
    return 10;
}

static uint64_t get_number(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++)
        number = number << 8 | bytes[i];
    return number;
}

size_t ws_frame_len(view framed)
{
    const uint8_t *bytes = (const uint8_t *)framed.ptr;
    uint64_t payload_len = framed.len < 2 ? 0 : bytes[1];
    size_t extra = payload_len == 127 ? 8 : payload_len == 126 ? 2 : 0;

    if (framed.len < 2 + extra)
        return 0;
    return 2 + extra + (extra == 0 ? payload_len : get_number(bytes + 2, extra));
}

/* At most `max` bytes of `text`, not ending within a character. */
static view cut_text(view text, size_t max)
{
    size_t len = text.len;

    if (len > max) {
        len = max;
        while (len > 0 && ((uint8_t)text.ptr[len] & 0xc0) == 0x80)
            len--;
    }
    return (view){.ptr = text.ptr, .len = len};
}

size_t ws_close_frame(uint8_t *out, uint16_t code, view reason)
{
    if (code == 0)
        return ws_header(out, WS_CLOSE, 0);

    view text = cut_text(reason, WS_MAX_REASON);
    size_t header = ws_header(out, WS_CLOSE, 2 + text.len);

    put_number(out + header, code, 2);
    if (text.len != 0)
        memcpy(out + header + 2, text.ptr, text.len);
    return header + 2 + text.len;
}
