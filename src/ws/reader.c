/* SPDX-License-Identifier: MIT */
/*
 * Of wslay only the frame layer is used: it checks and unmasks. Its event layer above would also
 * answer pings and closes by itself, queue those answers without limit, allocate what a frame
 * announces, and send errors without a code. Messages are put together here instead.
 *
 * wslay is given bytes up to the next border only (end of a head, end of a payload), so that it
 * never holds any of a frame that has not begun, and a frame's end is seen when it comes.
 */
#include "ws.h"

#include <stdlib.h>
#include <wslay/wslay.h>

#include "buf.h"
#include "frame_head.h"
#include "utf8.h"

enum {
    KEEP_MESSAGE = 4096, /* bytes of message buffer kept between messages */
    CLOSE_NO_CODE = 1005,
    CONTINUATION = 0, /* the opcode that ws_opcode has no name for: it never gets out */
};

struct ws_reader {
    wslay_frame_context_ptr wslay;
    const ws_events *events;
    ws_limits limits;
    view input; /* during a feed: what wslay may take */

    frame_head head;                 /* of the frame in progress; empty between frames */
    uint64_t payload_left;           /* bytes of that frame still to come */
    uint8_t control[WS_MAX_CONTROL]; /* payload of a control frame in progress */
    uint8_t control_len;

    uint8_t message_opcode; /* WS_TEXT, WS_BINARY, or 0 between messages */
    uint32_t fragments;     /* frames of the message so far */
    utf8 utf8;              /* of the text message; at a border between messages */
    buf message;

    ws_result result;
    uint16_t error;
};

static void fail(ws_reader *r, uint16_t code)
{
    r->result = WS_FAILED;
    r->error = code;
}

static ssize_t give_wslay(uint8_t *out, size_t cap, int flags, void *arg)
{
    ws_reader *r = arg;
    size_t len = r->input.len < cap ? r->input.len : cap;

    (void)flags;
    if (len == 0)
        return -1; /* nothing more for now */
    memcpy(out, r->input.ptr, len);
    r->input = view_skip(r->input, len);
    return (ssize_t)len;
}

static bool is_control(uint8_t opcode)
{
    return (opcode & 8) != 0;
}

/* RFC 6455 section 5.5; that it is short and whole was wslay's to see. */
static void begin_control(ws_reader *r)
{
    uint8_t opcode = frame_head_opcode(&r->head);
    bool half_a_code = opcode == WS_CLOSE && r->payload_left == 1;

    r->control_len = 0;
    if (opcode > WS_PONG || half_a_code)
        fail(r, WS_CLOSE_PROTOCOL);
}

/* RFC 6455 section 5.4 */
static void begin_data(ws_reader *r)
{
    uint8_t opcode = frame_head_opcode(&r->head);
    bool continues = opcode == CONTINUATION;

    if (opcode > WS_BINARY || continues != (r->message_opcode != 0)) {
        fail(r, WS_CLOSE_PROTOCOL);
        return;
    }
    if (!continues) {
        r->message_opcode = opcode;
        r->fragments = 0;
    }
    if (++r->fragments > r->limits.max_fragments ||
        r->payload_left > r->limits.max_message - r->message.len)
        fail(r, WS_CLOSE_TOO_BIG);
}

static void begin_frame(ws_reader *r)
{
    r->payload_left = frame_head_payload_len(&r->head);
    if (frame_head_reserved_bits(&r->head) != 0 || !frame_head_masked(&r->head))
        fail(r, WS_CLOSE_PROTOCOL);
    else if (is_control(frame_head_opcode(&r->head)))
        begin_control(r);
    else
        begin_data(r);
}

/* RFC 6455 section 7.4 and the registry that it founds */
static bool is_close_code(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static void end_close(ws_reader *r, view payload, void *arg)
{
    uint16_t code = CLOSE_NO_CODE;
    utf8 text = {0};

    if (payload.len >= 2) {
        code = (uint16_t)(r->control[0] << 8 | r->control[1]);
        payload = view_skip(payload, 2);
        if (!is_close_code(code)) {
            fail(r, WS_CLOSE_PROTOCOL);
            return;
        }
    }
    if (!utf8_feed(&text, payload) || !utf8_at_border(&text)) {
        fail(r, WS_CLOSE_INVALID_DATA);
        return;
    }
    r->result = WS_CLOSED;
    r->events->on_close(arg, code, payload);
}

static void end_control(ws_reader *r, uint8_t opcode, void *arg)
{
    view payload = {.ptr = (const char *)r->control, .len = r->control_len};

    if (opcode == WS_CLOSE)
        end_close(r, payload, arg);
    else if (opcode == WS_PING)
        r->events->on_ping(arg, payload);
    else
        r->events->on_pong(arg, payload);
}

static void end_message(ws_reader *r, void *arg)
{
    ws_opcode opcode = r->message_opcode;

    if (opcode == WS_TEXT && !utf8_at_border(&r->utf8)) {
        fail(r, WS_CLOSE_INVALID_DATA);
        return;
    }
    r->message_opcode = 0;
    r->events->on_message(arg, opcode, buf_view(&r->message));
    if (r->message.cap > KEEP_MESSAGE)
        buf_fini(&r->message);
    buf_reset(&r->message);
}

static void end_frame(ws_reader *r, void *arg)
{
    uint8_t opcode = frame_head_opcode(&r->head);
    bool fin = frame_head_fin(&r->head);

    r->head = (frame_head){0};
    if (is_control(opcode))
        end_control(r, opcode, arg);
    else if (fin)
        end_message(r, arg);
}

static void add_payload(ws_reader *r, view bytes)
{
    r->payload_left -= bytes.len;
    if (is_control(frame_head_opcode(&r->head))) {
        memcpy(r->control + r->control_len, bytes.ptr, bytes.len);
        r->control_len = (uint8_t)(r->control_len + bytes.len);
        return;
    }
    if (r->message_opcode == WS_TEXT && !utf8_feed(&r->utf8, bytes)) {
        fail(r, WS_CLOSE_INVALID_DATA);
        return;
    }
    buf_append_view(&r->message, bytes);
    if (r->message.failed)
        r->result = WS_NOMEM;
}

static void take_head(ws_reader *r, view bytes)
{
    struct wslay_frame_iocb iocb;

    frame_head_add(&r->head, bytes);
    r->input = bytes;

    ssize_t n = wslay_frame_recv(r->wslay, &iocb); /* 0: a frame without payload is complete */

    if (n < 0 && n != WSLAY_ERR_WANT_READ)
        fail(r, WS_CLOSE_PROTOCOL);
    else if (frame_head_missing(&r->head) == 0)
        begin_frame(r);
}

static void take_payload(ws_reader *r, view bytes)
{
    size_t left = bytes.len;

    r->input = bytes;
    while (left != 0 && r->result == WS_OK) {
        struct wslay_frame_iocb iocb;
        ssize_t n = wslay_frame_recv(r->wslay, &iocb);

        if (n <= 0) { /* cannot be: it has accepted the head and there are bytes */
            fail(r, WS_CLOSE_PROTOCOL);
            return;
        }
        left -= (size_t)n;
        add_payload(r, (view){.ptr = (const char *)iocb.data, .len = (size_t)n});
    }
}

/* Takes bytes up to the next border and returns how many. */
static size_t take(ws_reader *r, view bytes)
{
    size_t missing = frame_head_missing(&r->head);
    uint64_t wanted = missing != 0 ? missing : r->payload_left;

    if (bytes.len > wanted)
        bytes.len = (size_t)wanted;
    if (missing != 0)
        take_head(r, bytes);
    else
        take_payload(r, bytes);
    return bytes.len;
}

void ws_reader_limit(ws_reader *r, const ws_limits *limits)
{
    r->limits = *limits;
}

ws_reader *ws_reader_new(const ws_limits *limits, const ws_events *events)
{
    static const struct wslay_frame_callbacks callbacks = {.recv_callback = give_wslay};
    ws_reader *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->events = events;
    r->limits = *limits;
    if (wslay_frame_context_init(&r->wslay, &callbacks, r) != 0) {
        free(r);
        return NULL;
    }
    return r;
}

void ws_reader_free(ws_reader *r)
{
    if (r == NULL)
        return;
    wslay_frame_context_free(r->wslay);
    buf_fini(&r->message);
    free(r);
}

ws_result ws_reader_feed(ws_reader *r, view bytes, void *arg)
{
    while (bytes.len != 0 && r->result == WS_OK) {
        bytes = view_skip(bytes, take(r, bytes));
        if (r->result == WS_OK && frame_head_missing(&r->head) == 0 && r->payload_left == 0)
            end_frame(r, arg);
    }
    return r->result;
}

void ws_reader_stop(ws_reader *r)
{
    r->result = WS_STOPPED;
}

bool ws_reader_idle(const ws_reader *r)
{
    return r->result == WS_OK && r->head.len == 0 && r->message_opcode == 0;
}

uint16_t ws_reader_error(const ws_reader *r)
{
    return r->error;
}
