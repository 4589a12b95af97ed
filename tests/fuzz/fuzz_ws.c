/* SPDX-License-Identifier: MIT */
/* Promises of the WebSocket reader for any bytes at all; the first is that their split is no
 * matter, the second that an idle reader is as good as a new one. */
#include <stdlib.h>

#include "split.h"
#include "ws_recorder.h"

static const ws_limits limits = {.max_message = 300, .max_fragments = 8};

/* Nothing but the event of this one message may come. */
static void check_idle_is_fresh(recorder *rec)
{
    static const char expected[] = "text(a) ";
    size_t before = rec->log.len;
    ws_result result = ws_reader_feed(rec->reader, VIEW_LIT("\x81\x81\0\0\0\0a"), rec);

    require(result == WS_OK, "an idle reader takes a frame");
    require(view_eq(view_skip(buf_view(&rec->log), before), VIEW_LIT(expected)),
            "an idle reader holds nothing");
    require(ws_reader_idle(rec->reader), "and is idle again");
}

static void check_end(recorder *rec, ws_result result)
{
    uint16_t error = ws_reader_error(rec->reader);

    require(result != WS_NOMEM && result != WS_STOPPED, "these have no reason here");
    require((result == WS_FAILED) == (error == WS_CLOSE_PROTOCOL ||
                                      error == WS_CLOSE_INVALID_DATA || error == WS_CLOSE_TOO_BIG),
            "a failure has a code");
    require(result == WS_OK || !ws_reader_idle(rec->reader), "a dead reader is not idle");
    buf_printf(&rec->log, "idle %d ", ws_reader_idle(rec->reader));
    recorder_end(rec, result);
    if (ws_reader_idle(rec->reader))
        check_idle_is_fresh(rec);
}

/* Feeds in pieces of `step` bytes. */
static buf feed_in_steps(view bytes, size_t step)
{
    recorder rec = {.reader = ws_reader_new(&limits, &recorder_events)};
    ws_result result = WS_OK;

    require(rec.reader != NULL, "memory for the reader");
    while (bytes.len != 0 && result == WS_OK) {
        size_t len = bytes.len < step ? bytes.len : step;

        result = ws_reader_feed(rec.reader, (view){bytes.ptr, len}, &rec);
        bytes = view_skip(bytes, len);
    }
    check_end(&rec, result);
    ws_reader_free(rec.reader);
    return rec.log;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_splits((view){.ptr = (const char *)data, .len = size}, feed_in_steps);
    return 0;
}
