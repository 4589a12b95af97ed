/* SPDX-License-Identifier: MIT */
/* What a reader allocates, and what happens when it cannot. */
#include <criterion/criterion.h>

#include <malloc.h>
#include <wslay/wslay.h>

#include "failing_alloc.h"
#include "ws_recorder.h"

static const ws_limits limits = {.max_message = 1000000, .max_fragments = 100};

/* The linker's names: __wrap_x is called for x, __real_x is the true one. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_wslay_frame_context_init(wslay_frame_context_ptr *ctx,
                                    const struct wslay_frame_callbacks *callbacks, void *arg);
int __wrap_wslay_frame_context_init(wslay_frame_context_ptr *ctx,
                                    const struct wslay_frame_callbacks *callbacks, void *arg);

int __wrap_wslay_frame_context_init(wslay_frame_context_ptr *ctx,
                                    const struct wslay_frame_callbacks *callbacks, void *arg)
{
    return failing_alloc_strike() ? -1 : __real_wslay_frame_context_init(ctx, callbacks, arg);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void ignore_message(void *arg, ws_opcode opcode, view payload)
{
    size_t *total = arg;

    (void)opcode;
    *total += payload.len;
}

static void ignore_control(void *arg, view payload)
{
    (void)arg;
    (void)payload;
}

static void ignore_close(void *arg, uint16_t code, view reason)
{
    (void)arg;
    (void)code;
    (void)reason;
}

static const ws_events ignore_events = {
    .on_message = ignore_message,
    .on_ping = ignore_control,
    .on_pong = ignore_control,
    .on_close = ignore_close,
};

Test(ws_memory, survives_each_failing_allocation)
{
    char payload[300] = {0};
    buf bytes = {0};
    size_t failures = 0;
    bool struck = true;

    append_frame(&bytes, 0x02, (view){payload, sizeof payload}, 1);
    append_frame(&bytes, 0x80, (view){payload, sizeof payload}, 2);
    while (struck) {
        size_t total = 0;

        failing_alloc_arm(failures);

        ws_reader *r = ws_reader_new(&limits, &ignore_events);
        ws_result result = r == NULL ? WS_NOMEM : ws_reader_feed(r, buf_view(&bytes), &total);

        struck = failing_alloc_disarm();
        cr_expect_eq(result, struck ? WS_NOMEM : WS_OK);
        cr_expect_eq(total, struck ? 0 : 600);
        ws_reader_free(r);
        failures += struck;
    }
    cr_expect_eq(failures, 4, "reader, wslay, buffer, larger buffer, but %zu", failures);
    buf_fini(&bytes);
}

/* An announced length costs nothing until the bytes come; control frames never do. */
Test(ws_memory, allocates_nothing_in_advance)
{
    ws_reader *r = ws_reader_new(&limits, &ignore_events);
    size_t total = 0;

    failing_alloc_arm(0);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(ws_reader_feed(r, VIEW_LIT("\x89\x81\0\0\0\0p"), &total), WS_OK);
    cr_expect_eq(ws_reader_feed(r, VIEW_LIT("\x82\xff\0\0\0\0\0\x0f\0\0\0\0\0\0"), &total), WS_OK);
    cr_expect_not(failing_alloc_disarm());
    ws_reader_free(r);
}

/* 1-byte fragments: one buffer, not one allocation for each. */
Test(ws_memory, joins_fragments_in_one_buffer)
{
    ws_reader *r = ws_reader_new(&limits, &ignore_events);
    size_t total = 0;

    cr_assert_eq(ws_reader_feed(r, VIEW_LIT("\x02\x81\0\0\0\0a"), &total), WS_OK);
    failing_alloc_arm(0);
    for (int i = 0; i < 98; i++)
        cr_assert_eq(ws_reader_feed(r, VIEW_LIT("\x00\x81\0\0\0\0a"), &total), WS_OK);
    cr_assert_eq(ws_reader_feed(r, VIEW_LIT("\x80\x81\0\0\0\0a"), &total), WS_OK);
    cr_expect_not(failing_alloc_disarm());
    cr_expect_eq(total, 100);
    ws_reader_free(r);
}

/* A reader in the pool must not keep the largest message it ever saw. */
Test(ws_memory, lets_go_of_a_large_message)
{
    char payload[100000] = {0};
    ws_reader *r = ws_reader_new(&limits, &ignore_events);
    size_t before = mallinfo2().uordblks;
    buf bytes = {0};
    size_t total = 0;

    append_frame(&bytes, 0x82, (view){payload, sizeof payload}, 3);
    cr_assert_eq(ws_reader_feed(r, buf_view(&bytes), &total), WS_OK);
    cr_expect_eq(total, sizeof payload);
    buf_fini(&bytes);
    cr_expect_leq(mallinfo2().uordblks, before + 4096);
    ws_reader_free(r);
}

Test(ws_memory, frees_nothing_harmlessly)
{
    ws_reader_free(NULL);
}
