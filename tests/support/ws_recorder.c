/* SPDX-License-Identifier: MIT */
#include "ws_recorder.h"

static void note(recorder *rec, ws_opcode opcode, const char *name, view payload)
{
    buf_printf(&rec->log, "%s(", name);
    buf_append_view(&rec->log, payload);
    buf_append_lit(&rec->log, ") ");
    if (opcode == rec->stop_on)
        ws_reader_stop(rec->reader);
}

static void on_message(void *arg, ws_opcode opcode, view payload)
{
    note(arg, opcode, opcode == WS_TEXT ? "text" : "binary", payload);
}

static void on_ping(void *arg, view payload)
{
    note(arg, WS_PING, "ping", payload);
}

static void on_pong(void *arg, view payload)
{
    note(arg, WS_PONG, "pong", payload);
}

static void on_close(void *arg, uint16_t code, view reason)
{
    recorder *rec = arg;

    buf_printf(&rec->log, "close %u", code);
    note(rec, WS_CLOSE, "", reason);
}

const ws_events recorder_events = {
    .on_message = on_message,
    .on_ping = on_ping,
    .on_pong = on_pong,
    .on_close = on_close,
};

void recorder_end(recorder *rec, ws_result result)
{
    if (result == WS_FAILED)
        buf_printf(&rec->log, "failed %u", ws_reader_error(rec->reader));
    else if (result == WS_CLOSED)
        buf_append_lit(&rec->log, "closed");
    else if (result == WS_STOPPED)
        buf_append_lit(&rec->log, "stopped");
    else if (result == WS_NOMEM)
        buf_append_lit(&rec->log, "nomem");
}

const char *recorder_text(recorder *rec)
{
    if (!buf_reserve(&rec->log, 1))
        return "out of memory";
    rec->log.data[rec->log.len] = '\0';
    return rec->log.data;
}

static void append_number(buf *out, uint64_t number, int size)
{
    while (size-- > 0)
        buf_append_char(out, (char)(number >> (8 * size)));
}

void append_frame(buf *out, uint8_t head, view payload, uint32_t mask)
{
    buf_append_char(out, (char)head);
    if (payload.len < 126) {
        append_number(out, 0x80 | payload.len, 1);
    } else if (payload.len <= UINT16_MAX) {
        append_number(out, 0x80 | 126, 1);
        append_number(out, payload.len, 2);
    } else {
        append_number(out, 0x80 | 127, 1);
        append_number(out, payload.len, 8);
    }
    append_number(out, mask, 4);
    for (size_t i = 0; i < payload.len; i++)
        buf_append_char(out, (char)((uint8_t)payload.ptr[i] ^ (uint8_t)(mask >> (24 - i % 4 * 8))));
}
