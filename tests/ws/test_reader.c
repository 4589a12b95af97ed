/* SPDX-License-Identifier: MIT */
/* Section numbers: RFC 6455. Every case is fed whole, byte by byte, and cut at each place. */
#include <criterion/criterion.h>

#include "ws_recorder.h"

static const ws_limits limits = {.max_message = 100, .max_fragments = 4};

typedef struct frame_case {
    const char *name;
    view bytes;
    const char *log;
} frame_case;

#define CASE(label, text, expected)                                             \
    {                                                                           \
        .name = (label), .bytes = {(text), sizeof(text) - 1}, .log = (expected) \
    }
#define MASK "\0\0\0\0" /* leaves the payload readable */

static void feed(recorder *rec, view bytes)
{
    ws_result result = WS_OK;

    for (size_t i = 0; i < bytes.len && result == WS_OK; i++)
        result = ws_reader_feed(rec->reader, (view){bytes.ptr + i, 1}, rec);
    recorder_end(rec, result);
}

static void feed_cut(recorder *rec, view bytes, size_t cut)
{
    ws_result result = ws_reader_feed(rec->reader, (view){bytes.ptr, cut}, rec);

    if (result == WS_OK)
        result = ws_reader_feed(rec->reader, view_skip(bytes, cut), rec);
    recorder_end(rec, result);
}

static void expect_log(recorder *rec, const frame_case *c, const char *how, size_t cut)
{
    cr_expect_str_eq(recorder_text(rec), c->log, "%s, %s %zu: %s", c->name, how, cut,
                     recorder_text(rec));
    ws_reader_free(rec->reader);
    buf_fini(&rec->log);
}

static recorder new_recorder(void)
{
    recorder rec = {.reader = ws_reader_new(&limits, &recorder_events)};

    cr_assert_not_null(rec.reader);
    return rec;
}

static void check_case(const frame_case *c)
{
    recorder rec = new_recorder();

    feed(&rec, c->bytes);
    expect_log(&rec, c, "byte by byte", 0);
    for (size_t cut = 0; cut <= c->bytes.len; cut++) {
        rec = new_recorder();
        feed_cut(&rec, c->bytes, cut);
        expect_log(&rec, c, "cut at", cut);
    }
}

static void check_cases(const frame_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_case(&cases[i]);
}

#define CHECK_ALL(cases) check_cases((cases), sizeof(cases) / sizeof((cases)[0]))

Test(ws_reader, reports_messages_in_order)
{
    static const frame_case cases[] = {
        CASE("text", "\x81\x85" MASK "hello", "text(hello) "),
        CASE("text, masked, as in section 5.7", "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
             "text(Hello) "),
        CASE("binary", "\x82\x82" MASK "\x01\xff", "binary(\x01\xff) "),
        CASE("empty text", "\x81\x80" MASK, "text() "),
        CASE("two",
             "\x81\x81" MASK "a"
             "\x82\x81" MASK "b",
             "text(a) binary(b) "),
        CASE("fragments",
             "\x01\x82" MASK "he"
             "\x00\x81" MASK "l"
             "\x80\x82" MASK "lo",
             "text(hello) "),
        CASE("empty fragments", "\x02\x80" MASK "\x00\x80" MASK "\x80\x80" MASK, "binary() "),
        CASE("controls between fragments",
             "\x01\x81" MASK "a"
             "\x89\x81" MASK "p"
             "\x8a\x80" MASK "\x80\x81" MASK "b",
             "ping(p) pong() text(ab) "),
        CASE("length in 16 bits", "\x81\xfe\x00\x7e" MASK, "failed 1009"),
        CASE("incomplete", "\x81\x85" MASK "hell", ""),
    };

    CHECK_ALL(cases);
}

Test(ws_reader, reports_each_ping_once_and_answers_none)
{
    static const frame_case cases[] = {
        CASE("pings",
             "\x89\x81" MASK "1"
             "\x89\x81" MASK "2"
             "\x89\x80" MASK,
             "ping(1) ping(2) ping() "),
        CASE("unsolicited pong", "\x8a\x82" MASK "hi", "pong(hi) "),
    };

    CHECK_ALL(cases);
}

Test(ws_reader, refuses_what_section_5_2_forbids)
{
    static const frame_case cases[] = {
        CASE("unmasked",
             "\x81\x05"
             "hello",
             "failed 1002"),
        CASE("unmasked and empty", "\x81\x00", "failed 1002"),
        CASE("unmasked ping", "\x89\x00", "failed 1002"),
        CASE("RSV1", "\xc1\x80" MASK, "failed 1002"),
        CASE("RSV2", "\xa1\x80" MASK, "failed 1002"),
        CASE("RSV3", "\x91\x80" MASK, "failed 1002"),
        CASE("RSV1 on a ping", "\xc9\x80" MASK, "failed 1002"),
        CASE("opcode 3", "\x83\x80" MASK, "failed 1002"),
        CASE("opcode 7", "\x87\x80" MASK, "failed 1002"),
        CASE("opcode 11", "\x8b\x80" MASK, "failed 1002"),
        CASE("opcode 15", "\x8f\x80" MASK, "failed 1002"),
        CASE("opcode 3 within a message", "\x01\x80" MASK "\x83\x80" MASK, "failed 1002"),
        CASE("5 in 16 bits", "\x81\xfe\x00\x05" MASK "hello", "failed 1002"),
        CASE("125 in 16 bits", "\x81\xfe\x00\x7d", "failed 1002"),
        CASE("5 in 64 bits", "\x81\xff\0\0\0\0\0\0\0\x05" MASK "hello", "failed 1002"),
        CASE("65535 in 64 bits", "\x81\xff\0\0\0\0\0\0\xff\xff", "failed 1002"),
        CASE("2^63", "\x81\xff\x80\0\0\0\0\0\0\0", "failed 1002"),
        CASE("HTTP", "GET / HTTP/1.1\r\n\r\n", "failed 1002"),
        CASE("what came before an error is reported",
             "\x81\x81" MASK "a"
             "\x83\x80" MASK,
             "text(a) failed 1002"),
    };

    CHECK_ALL(cases);
}

Test(ws_reader, refuses_control_frames_that_are_long_or_in_pieces)
{
    static const frame_case cases[] = {
        CASE("ping in pieces", "\x09\x80" MASK, "failed 1002"),
        CASE("close in pieces", "\x08\x80" MASK, "failed 1002"),
        CASE("ping of 126", "\x89\xfe\x00\x7e" MASK, "failed 1002"),
        CASE("close of 126", "\x88\xfe", "failed 1002"),
        CASE("pong of 64 bits", "\x8a\xff", "failed 1002"),
    };

    CHECK_ALL(cases);
}

Test(ws_reader, refuses_fragments_out_of_place)
{
    static const frame_case cases[] = {
        CASE("continuation of nothing", "\x80\x80" MASK, "failed 1002"),
        CASE("and not the last", "\x00\x80" MASK, "failed 1002"),
        CASE("continuation after the end", "\x81\x80" MASK "\x80\x80" MASK, "text() failed 1002"),
        CASE("text within text",
             "\x01\x81" MASK "a"
             "\x81\x81" MASK "b",
             "failed 1002"),
        CASE("binary within text", "\x01\x80" MASK "\x02\x80" MASK, "failed 1002"),
        CASE("continuation after a ping", "\x89\x80" MASK "\x80\x80" MASK, "ping() failed 1002"),
    };

    CHECK_ALL(cases);
}

Test(ws_reader, checks_utf8)
{
    static const frame_case cases[] = {
        CASE("all lengths", "\x81\x8a" MASK "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
             "text(a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80) "),
        CASE("borders", "\x81\x8e" MASK "\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
             "text(\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf) "),
        CASE("last code point", "\x81\x88" MASK "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
             "text(\xf0\x90\x80\x80\xf4\x8f\xbf\xbf) "),
        CASE("character over three fragments",
             "\x01\x81" MASK "\xe2"
             "\x00\x81" MASK "\x82"
             "\x80\x81" MASK "\xac",
             "text(\xe2\x82\xac) "),
        CASE("ping within a character",
             "\x01\x81" MASK "\xe2"
             "\x89\x81" MASK "\xff"
             "\x80\x82" MASK "\x82\xac",
             "ping(\xff) text(\xe2\x82\xac) "),
        CASE("lone tail", "\x81\x81" MASK "\x80", "failed 1007"),
        CASE("0xff", "\x81\x81" MASK "\xff", "failed 1007"),
        CASE("overlong /", "\x81\x82" MASK "\xc0\xaf", "failed 1007"),
        CASE("overlong, 3 bytes", "\x81\x83" MASK "\xe0\x9f\xbf", "failed 1007"),
        CASE("overlong, 4 bytes", "\x81\x84" MASK "\xf0\x8f\xbf\xbf", "failed 1007"),
        CASE("surrogate", "\x81\x83" MASK "\xed\xa0\x80", "failed 1007"),
        CASE("past U+10FFFF", "\x81\x84" MASK "\xf4\x90\x80\x80", "failed 1007"),
        CASE("first byte F5", "\x81\x81" MASK "\xf5", "failed 1007"),
        CASE("truncated", "\x81\x82" MASK "\xe2\x82", "failed 1007"),
        CASE("truncated in the last fragment",
             "\x01\x81" MASK "\xe2"
             "\x80\x81" MASK "\x82",
             "failed 1007"),
        CASE("fails early, in a fragment", "\x01\x81" MASK "\xff", "failed 1007"),
        CASE("fails early, in a frame", "\x81\xd0" MASK "0123456789\xff", "failed 1007"),
        CASE("tail missing after plain text",
             "\x81\x8b" MASK "01234567\xc3"
             "ab",
             "failed 1007"),
        CASE("binary is not checked", "\x82\x81" MASK "\xff", "binary(\xff) "),
    };

    CHECK_ALL(cases);
}

Test(ws_reader, understands_close)
{
    static const frame_case cases[] = {
        CASE("empty", "\x88\x80" MASK, "close 1005() closed"),
        CASE("code", "\x88\x82" MASK "\x03\xe8", "close 1000() closed"),
        CASE("code and reason",
             "\x88\x85" MASK "\x03\xe9"
             "bye",
             "close 1001(bye) closed"),
        CASE("3000", "\x88\x82" MASK "\x0b\xb8", "close 3000() closed"),
        CASE("4999", "\x88\x82" MASK "\x13\x87", "close 4999() closed"),
        CASE("1014", "\x88\x82" MASK "\x03\xf6", "close 1014() closed"),
        CASE("what follows is ignored", "\x88\x80" MASK "\x83\x00junk", "close 1005() closed"),
        CASE("within a message",
             "\x01\x81" MASK "a"
             "\x88\x80" MASK,
             "close 1005() closed"),
        CASE("1 byte", "\x88\x81" MASK "\x03", "failed 1002"),
        CASE("0", "\x88\x82" MASK "\x00\x00", "failed 1002"),
        CASE("999", "\x88\x82" MASK "\x03\xe7", "failed 1002"),
        CASE("1004", "\x88\x82" MASK "\x03\xec", "failed 1002"),
        CASE("1005", "\x88\x82" MASK "\x03\xed", "failed 1002"),
        CASE("1006", "\x88\x82" MASK "\x03\xee", "failed 1002"),
        CASE("1015", "\x88\x82" MASK "\x03\xf7", "failed 1002"),
        CASE("2999", "\x88\x82" MASK "\x0b\xb7", "failed 1002"),
        CASE("5000", "\x88\x82" MASK "\x13\x88", "failed 1002"),
        CASE("reason not UTF-8", "\x88\x83" MASK "\x03\xe8\xff", "failed 1007"),
        CASE("reason truncated", "\x88\x84" MASK "\x03\xe8\xe2\x82", "failed 1007"),
    };

    CHECK_ALL(cases);
}

/* limits: 100 bytes, 4 fragments */
Test(ws_reader, keeps_to_its_limits)
{
    static const frame_case cases[] = {
        CASE("one byte more, announced", "\x82\xe5" MASK, "failed 1009"),
        CASE("2^62 announced", "\x82\xff\x40\0\0\0\0\0\0\0" MASK, "failed 1009"),
        CASE("2^63 - 1 announced", "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" MASK, "failed 1009"),
        CASE("sum",
             "\x02\x81" MASK "a"
             "\x80\xe4" MASK,
             "failed 1009"),
        CASE("2^63 - 1 after a fragment",
             "\x02\x81" MASK "a"
             "\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff" MASK,
             "failed 1009"),
        CASE("4 fragments", "\x02\x80" MASK "\x00\x80" MASK "\x00\x80" MASK "\x80\x80" MASK,
             "binary() "),
        CASE("5 fragments",
             "\x02\x80" MASK "\x00\x80" MASK "\x00\x80" MASK "\x00\x80" MASK "\x80\x80" MASK,
             "failed 1009"),
        CASE("a control frame is no fragment",
             "\x02\x80" MASK "\x89\x80" MASK "\x00\x80" MASK "\x00\x80" MASK "\x80\x80" MASK,
             "ping() binary() "),
    };

    CHECK_ALL(cases);
}

/* A message of `len` bytes of 'x' in one frame. */
static void check_size(const ws_limits *sizes, size_t len, uint16_t error)
{
    char *payload = malloc(len);
    buf bytes = {0};
    recorder rec = {.reader = ws_reader_new(sizes, &recorder_events)};

    memset(payload, 'x', len);
    append_frame(&bytes, 0x81, (view){payload, len}, 0x12345678);
    recorder_end(&rec, ws_reader_feed(rec.reader, buf_view(&bytes), &rec));
    if (error == 0)
        cr_expect_eq(rec.log.len, len + sizeof "text() " - 1, "%zu", len);
    else
        cr_expect_eq(ws_reader_error(rec.reader), error, "%zu", len);
    for (size_t i = 5; error == 0 && i < len + 5; i++)
        cr_assert_eq(rec.log.data[i], 'x');
    ws_reader_free(rec.reader);
    buf_fini(&rec.log);
    buf_fini(&bytes);
    free(payload);
}

Test(ws_reader, takes_messages_of_any_size_up_to_the_limit)
{
    static const ws_limits large = {.max_message = 65536, .max_fragments = 1};
    static const size_t sizes[] = {1, 125, 126, 127, 4095, 4096, 4097, 65535, 65536};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        check_size(&large, sizes[i], 0);
    check_size(&large, 65537, WS_CLOSE_TOO_BIG);
    check_size(&(ws_limits){.max_message = 16777216, .max_fragments = 1}, 16777216, 0);
}

Test(ws_reader, takes_the_longest_control_frame)
{
    char payload[WS_MAX_CONTROL];
    buf bytes = {0};
    recorder rec = new_recorder();

    memset(payload, 'p', sizeof payload);
    append_frame(&bytes, 0x89, (view){payload, sizeof payload}, 0xdeadbeef);
    feed(&rec, buf_view(&bytes));
    cr_expect_eq(rec.log.len, sizeof "ping() " - 1 + WS_MAX_CONTROL);
    ws_reader_free(rec.reader);
    buf_fini(&rec.log);
    buf_fini(&bytes);
}

static void check_stop(ws_opcode on, view bytes, const char *log)
{
    recorder rec = new_recorder();

    rec.stop_on = on;
    recorder_end(&rec, ws_reader_feed(rec.reader, bytes, &rec));
    cr_expect_str_eq(recorder_text(&rec), log);
    cr_expect_eq(ws_reader_feed(rec.reader, bytes, &rec), WS_STOPPED);
    cr_expect_str_eq(recorder_text(&rec), log, "nothing more is reported");
    cr_expect_not(ws_reader_idle(rec.reader));
    ws_reader_free(rec.reader);
    buf_fini(&rec.log);
}

Test(ws_reader, stops_within_a_callback)
{
    static const char all[] = "\x81\x81" MASK "a"
                              "\x89\x80" MASK "\x8a\x80" MASK "\x88\x80" MASK;

    check_stop(WS_TEXT, VIEW_LIT(all), "text(a) stopped");
    check_stop(WS_PING, VIEW_LIT(all), "text(a) ping() stopped");
    check_stop(WS_PONG, VIEW_LIT(all), "text(a) ping() pong() stopped");
    check_stop(WS_CLOSE, VIEW_LIT(all), "text(a) ping() pong() close 1005() stopped");
}

Test(ws_reader, says_the_same_again_after_the_end)
{
    recorder rec = new_recorder();

    cr_expect_eq(ws_reader_feed(rec.reader, VIEW_LIT("\x83\x80" MASK), &rec), WS_FAILED);
    cr_expect_eq(ws_reader_feed(rec.reader, VIEW_LIT("\x81\x80" MASK), &rec), WS_FAILED);
    cr_expect_eq(ws_reader_error(rec.reader), WS_CLOSE_PROTOCOL);
    cr_expect_not(ws_reader_idle(rec.reader));
    cr_expect_eq(rec.log.len, 0);
    ws_reader_free(rec.reader);
    buf_fini(&rec.log);
}

/* Whether the reader is idle after each byte of two messages with a ping in between. */
Test(ws_reader, is_idle_exactly_between_messages)
{
    static const char bytes[] = "\x81\x81" MASK "a"
                                "\x01\x81" MASK "b"
                                "\x89\x81" MASK "p"
                                "\x80\x80" MASK "\x8a\x80" MASK;
    static const size_t idle_at[] = {0, 7, 27, 33};
    recorder rec = new_recorder();
    size_t next = 0;

    for (size_t fed = 0; fed < sizeof bytes; fed++) {
        bool idle = next < 4 && idle_at[next] == fed;

        cr_expect_eq(ws_reader_idle(rec.reader), idle, "after %zu bytes", fed);
        next += idle;
        if (fed < sizeof bytes - 1)
            cr_assert_eq(ws_reader_feed(rec.reader, (view){bytes + fed, 1}, &rec), WS_OK);
    }
    cr_expect_eq(next, 4);
    cr_expect_str_eq(recorder_text(&rec), "text(a) ping(p) text(b) pong() ");
    ws_reader_free(rec.reader);
    buf_fini(&rec.log);
}

/* One reader serves 1000 connections in turn, each with messages of its own cut at any place. */
Test(ws_reader, serves_another_connection_once_idle)
{
    ws_limits sizes = {.max_message = 100000, .max_fragments = 4};
    recorder rec = {.reader = ws_reader_new(&sizes, &recorder_events)};
    char payload[6000];

    memset(payload, 'x', sizeof payload);
    for (uint32_t i = 0; i < 1000; i++) {
        buf bytes = {0};
        buf expected = {0};
        size_t len = i % 10 == 0 ? sizeof payload : i % 200;

        append_frame(&bytes, 0x01, VIEW_LIT("\xe2"), i);
        append_frame(&bytes, 0x89, VIEW_LIT("p"), i * 77777);
        append_frame(&bytes, 0x80, VIEW_LIT("\x82\xac"), ~i);
        append_frame(&bytes, 0x82, (view){payload, len}, i * 99999);
        buf_append_lit(&expected, "ping(p) text(\xe2\x82\xac) binary(");
        buf_append(&expected, payload, len);
        buf_append_lit(&expected, ") ");

        size_t cut = i % bytes.len;

        buf_reset(&rec.log);
        cr_assert_eq(ws_reader_feed(rec.reader, (view){bytes.data, cut}, &rec), WS_OK);
        cr_assert_eq(ws_reader_feed(rec.reader, view_skip(buf_view(&bytes), cut), &rec), WS_OK);
        cr_assert(view_eq(buf_view(&rec.log), buf_view(&expected)), "connection %u", i);
        cr_assert(ws_reader_idle(rec.reader), "connection %u", i);
        buf_fini(&bytes);
        buf_fini(&expected);
    }
    ws_reader_free(rec.reader);
    buf_fini(&rec.log);
}
