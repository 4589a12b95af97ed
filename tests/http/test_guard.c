/* SPDX-License-Identifier: MIT */
/* What is no request: each case must have the same outcome however the network cuts it. */
#include <criterion/criterion.h>

#include "http.h"

enum {
    MAX_BODY = 64,
    WAITS = 0,   /* not decided yet */
    ACCEPTS = 1, /* a request */
};

typedef struct bad_case {
    const char *name;
    view bytes;
    int outcome;
} bad_case;

#define CASE(label, text, expected)                                                 \
    {                                                                               \
        .name = (label), .bytes = {(text), sizeof(text) - 1}, .outcome = (expected) \
    }

#define GET     "GET / HTTP/1.1\r\n"
#define HOST    "Host: a\r\n"
#define POST    "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static int outcome_of(const http_session *s, http_state state)
{
    const char *reason = NULL;

    if (state == HTTP_BAD)
        return http_session_status(s, &reason);
    return state == HTTP_REQUEST ? ACCEPTS : WAITS;
}

/* Feeds in two pieces, cut after `cut` bytes. */
static int outcome_cut(view bytes, size_t cut)
{
    http_session *s = http_session_new(MAX_BODY);
    size_t used = 0;
    http_state state = http_session_feed(s, (view){bytes.ptr, cut}, &used);

    if (state == HTTP_NEED_MORE)
        state = http_session_feed(s, view_skip(bytes, cut), &used);

    int outcome = outcome_of(s, state);

    http_session_free(s);
    return outcome;
}

static int outcome_bytewise(view bytes)
{
    http_session *s = http_session_new(MAX_BODY);
    http_state state = HTTP_NEED_MORE;

    for (size_t i = 0; i < bytes.len && state == HTTP_NEED_MORE; i++) {
        size_t used = 0;

        state = http_session_feed(s, (view){bytes.ptr + i, 1}, &used);
    }

    int outcome = outcome_of(s, state);

    http_session_free(s);
    return outcome;
}

static void check_case(const bad_case *c)
{
    cr_expect_eq(outcome_cut(c->bytes, c->bytes.len), c->outcome, "%s: whole gave %d", c->name,
                 outcome_cut(c->bytes, c->bytes.len));
    cr_expect_eq(outcome_bytewise(c->bytes), c->outcome, "%s: byte by byte", c->name);
    for (size_t cut = 1; cut < c->bytes.len; cut++)
        cr_expect_eq(outcome_cut(c->bytes, cut), c->outcome, "%s: cut at %zu", c->name, cut);
}

static void check_cases(const bad_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_case(&cases[i]);
}

#define CHECK_ALL(cases) check_cases((cases), sizeof(cases) / sizeof((cases)[0]))

Test(http_guard, request_line)
{
    static const bad_case cases[] = {
        CASE("plain", GET HOST "\r\n", ACCEPTS),
        CASE("empty lines before it are skipped", "\r\n\r\n" GET HOST "\r\n", ACCEPTS),
        CASE("two spaces before the target", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400),
        CASE("two spaces after it", "GET /  HTTP/1.1\r\n" HOST "\r\n", 400),
        CASE("space after the version", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400),
        CASE("space before the method", " GET / HTTP/1.1\r\n" HOST "\r\n", 400),
        CASE("tab", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400),
        CASE("lower-case method", "get / HTTP/1.1\r\n" HOST "\r\n", 400),
        CASE("unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", 501),
        CASE("endless method", "AAAAAAAAAAAAAAAAAAAAAAAA", 501),
        CASE("CONNECT", "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 501),
        CASE("no target", "GET HTTP/1.1\r\n" HOST "\r\n", 400),
        CASE("target not a path", "GET foo HTTP/1.1\r\n" HOST "\r\n", 400),
        CASE("fragment", "GET /#a HTTP/1.1\r\n" HOST "\r\n", 400),
        CASE("NUL in the target", "GET /\0 HTTP/1.1\r\n" HOST "\r\n", 400),
        CASE("CR in the target", "GET /\rX: y HTTP/1.1\r\n" HOST "\r\n", 400),
        CASE("high byte in the target", "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400),
        CASE("no version", "GET /\r\n\r\n", 400),
        CASE("no version, prompt", "GET /\r\n", 400),
        CASE("version 0.9", "GET / HTTP/0.9\r\n\r\n", 400),
        CASE("version 2.0", "GET / HTTP/2.0\r\n\r\n", 505),
        CASE("version 1.2 is spoken to as 1.1", "GET / HTTP/1.2\r\n" HOST "\r\n", ACCEPTS),
        CASE("version of two digits", "GET / HTTP/1.10\r\n\r\n", 400),
        CASE("version cut", "GET / HTTP/1\r\n\r\n", 400),
        CASE("another protocol", "GET / RTSP/1.0\r\n\r\n", 400),
        CASE("lower-case protocol", "GET / http/1.1\r\n" HOST "\r\n", 400),
        CASE("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        CASE("TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        CASE("unfinished", GET HOST, WAITS),
    };

    CHECK_ALL(cases);
}

Test(http_guard, header_lines)
{
    static const bad_case cases[] = {
        CASE("bare LF ends a line", GET "Host: a\nX: y\r\n\r\n", 400),
        CASE("bare LF ends the request line", "GET / HTTP/1.1\n" HOST "\r\n", 400),
        CASE("bare LF ends the head", GET HOST "\n", 400),
        CASE("bare CR in a value", GET HOST "X: a\rb\r\n\r\n", 400),
        CASE("bare CR ends the head", GET HOST "\rX", 400),
        CASE("CR CR LF", GET HOST "X: a\r\r\n\r\n", 400),
        CASE("NUL in a value", GET HOST "X: a\0b\r\n\r\n", 400),
        CASE("escape in a value", GET HOST "X: \x1b[0m\r\n\r\n", 400),
        CASE("DEL in a value", GET HOST "X: \x7f\r\n\r\n", 400),
        CASE("obs-text and tab in a value", GET HOST "X: \xe4\tb\r\n\r\n", ACCEPTS),
        CASE("NUL in a name", GET HOST "X\0: a\r\n\r\n", 400),
        CASE("folded with space", GET HOST "X: a\r\n b\r\n\r\n", 400),
        CASE("folded with tab", GET HOST "X: a\r\n\tb\r\n\r\n", 400),
        CASE("space before the first line", GET " " HOST "\r\n", 400),
        CASE("space before the colon", GET "Host : a\r\n\r\n", 400),
        CASE("tab before the colon", GET "Host\t: a\r\n\r\n", 400),
        CASE("space in a name", GET HOST "X Y: a\r\n\r\n", 400),
        CASE("empty name", GET HOST ": a\r\n\r\n", 400),
        CASE("no colon", GET HOST "X\r\n\r\n", 400),
        CASE("empty value", GET HOST "X:\r\nY: \r\n\r\n", ACCEPTS),
        CASE("no space after the colon", GET "Host:a\r\n\r\n", ACCEPTS),
    };

    CHECK_ALL(cases);
}

Test(http_guard, host)
{
    static const bad_case cases[] = {
        CASE("none", GET "\r\n", 400),
        CASE("two", GET HOST HOST "\r\n", 400),
        CASE("two, case differs", GET HOST "hOST: b\r\n\r\n", 400),
        CASE("none with HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", ACCEPTS),
        CASE("two with HTTP/1.0", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400),
        CASE("with a path", GET "Host: a/b\r\n\r\n", 400),
        CASE("with a user", GET "Host: u@a\r\n\r\n", 400),
        CASE("with a space", GET "Host: a b\r\n\r\n", 400),
        CASE("IPv6", GET "Host: [::1]:8000\r\n\r\n", ACCEPTS),
        CASE("empty", GET "Host:\r\n\r\n", ACCEPTS),
    };

    CHECK_ALL(cases);
}

Test(http_guard, length_of_the_body)
{
    static const bad_case cases[] = {
        CASE("none", POST "\r\n", ACCEPTS),
        CASE("zero", POST "Content-Length: 0\r\n\r\n", ACCEPTS),
        CASE("five", POST "Content-Length: 5\r\n\r\nhello", ACCEPTS),
        CASE("blanks around", POST "Content-Length:  5 \r\n\r\nhello", ACCEPTS),
        CASE("one short", POST "Content-Length: 5\r\n\r\nhell", WAITS),
        CASE("twice", POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        CASE("twice, equal", POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        CASE("twice, zero", POST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
        CASE("list", POST "Content-Length: 5, 5\r\n\r\nhello", 400),
        CASE("list without blank", POST "Content-Length: 5,5\r\n\r\nhello", 400),
        CASE("two numbers", POST "Content-Length: 5 5\r\n\r\nhello", 400),
        CASE("empty", POST "Content-Length:\r\n\r\nhello", 400),
        CASE("blank", POST "Content-Length: \r\n\r\nhello", 400),
        CASE("plus", POST "Content-Length: +5\r\n\r\nhello", 400),
        CASE("minus", POST "Content-Length: -1\r\n\r\n", 400),
        CASE("hex", POST "Content-Length: 0x5\r\n\r\nhello", 400),
        CASE("fraction", POST "Content-Length: 5.0\r\n\r\nhello", 400),
        CASE("2^64", POST "Content-Length: 18446744073709551616\r\n\r\n", 400),
        CASE("2^64 - 1", POST "Content-Length: 18446744073709551615\r\n\r\n", 400),
        CASE("2^63", POST "Content-Length: 9223372036854775808\r\n\r\n", 413),
        CASE("one over the limit", POST "Content-Length: 65\r\n\r\n", 413),
        CASE("with Transfer-Encoding",
             POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        CASE("after Transfer-Encoding",
             POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        CASE("zero with Transfer-Encoding",
             POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n", 400),
        CASE("with Transfer-Encoding that is no coding",
             POST "Content-Length: 5\r\nTransfer-Encoding: x\r\n\r\nhello", 400),
    };

    CHECK_ALL(cases);
}

Test(http_guard, transfer_encoding)
{
    static const bad_case cases[] = {
        CASE("chunked", CHUNKED "0\r\n\r\n", ACCEPTS),
        CASE("case", POST "transfer-encoding: Chunked\r\n\r\n0\r\n\r\n", ACCEPTS),
        CASE("gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        CASE("chunked, gzip", POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
        CASE("chunked, chunked", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
        CASE("xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        CASE("chunkedx", POST "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n", 400),
        CASE("quoted", POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400),
        CASE("identity", POST "Transfer-Encoding: identity\r\n\r\n", 400),
        CASE("empty", POST "Transfer-Encoding:\r\n\r\n", 400),
        CASE("vertical tab",
             POST "Transfer-Encoding: \x0b"
                  "chunked\r\n\r\n0\r\n\r\n",
             400),
        CASE("two headers",
             POST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        CASE("with HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             400),
        CASE("unknown Expect", POST "Expect: magic\r\nContent-Length: 5\r\n\r\nhello", 417),
    };

    CHECK_ALL(cases);
}

Test(http_guard, chunks)
{
    static const bad_case cases[] = {
        CASE("one", CHUNKED "5\r\nhello\r\n0\r\n\r\n", ACCEPTS),
        CASE("extension", CHUNKED "5;a=\"b\"\r\nhello\r\n0;c\r\n\r\n", ACCEPTS),
        CASE("trailer", CHUNKED "0\r\nX: y\r\nZ:\r\n\r\n", ACCEPTS),
        CASE("leading zeros, upper case", CHUNKED "00A\r\n0123456789\r\n000\r\n\r\n", ACCEPTS),
        CASE("unfinished", CHUNKED "5\r\nhello\r\n0\r\n", WAITS),
        CASE("wrong end of data", CHUNKED "5\r\nhelloXX0\r\n\r\n", 400),
        CASE("LF after data", CHUNKED "5\r\nhello\n0\r\n\r\n", 400),
        CASE("X LF after data", CHUNKED "5\r\nhelloX\n0\r\n\r\n", 400),
        CASE("CR X after data", CHUNKED "5\r\nhello\rX0\r\n\r\n", 400),
        CASE("LF after size", CHUNKED "5\nhello\r\n0\r\n\r\n", 400),
        CASE("CR X after size", CHUNKED "5\rXhello\r\n0\r\n\r\n", 400),
        CASE("LF in extension", CHUNKED "5;a\nhello\r\n0\r\n\r\n", 400),
        CASE("NUL in extension", CHUNKED "5;\0\r\nhello\r\n0\r\n\r\n", 400),
        CASE("no size", CHUNKED "\r\nhello\r\n0\r\n\r\n", 400),
        CASE("extension without size", CHUNKED ";a\r\n\r\n", 400),
        CASE("blank before size", CHUNKED " 5\r\nhello\r\n0\r\n\r\n", 400),
        CASE("blank after size", CHUNKED "5 \r\nhello\r\n0\r\n\r\n", 400),
        CASE("minus", CHUNKED "-5\r\nhello\r\n0\r\n\r\n", 400),
        CASE("0x", CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 400),
        CASE("not hex", CHUNKED "G\r\n", 400),
        CASE("2^64", CHUNKED "10000000000000000\r\n", 400),
        CASE("announced over the limit", CHUNKED "41\r\n", 413),
        CASE("sum over the limit", CHUNKED "20\r\n0123456789abcdef0123456789abcdef\r\n21\r\n", 413),
        CASE("folded trailer", CHUNKED "0\r\nX: y\r\n z\r\n\r\n", 400),
        CASE("trailer without colon", CHUNKED "0\r\nX\r\n\r\n", 400),
        CASE("bare LF in trailer", CHUNKED "0\r\nX: y\n\r\n", 400),
        CASE("bare LF ends trailer", CHUNKED "0\r\n\n", 400),
        CASE("wrong end", CHUNKED "0\r\n\rX", 400),
    };

    CHECK_ALL(cases);
}

/* `count` bytes of `c` between `before` and `after`; check like a case. */
static void check_long(const char *name, const char *before, size_t count, const char *after,
                       int expected)
{
    buf b = {0};

    buf_append_view(&b, view_of(before));
    for (size_t i = 0; i < count; i++)
        buf_append_char(&b, 'a');
    buf_append_view(&b, view_of(after));
    cr_expect_eq(outcome_cut(buf_view(&b), b.len), expected, "%s: whole", name);
    cr_expect_eq(outcome_cut(buf_view(&b), b.len / 2), expected, "%s: cut", name);
    cr_expect_eq(outcome_bytewise(buf_view(&b)), expected, "%s: byte by byte", name);
    buf_fini(&b);
}

static const char after_target[] = " HTTP/1.1\r\n" HOST "\r\n";

Test(http_guard, limits_of_size)
{
    size_t around = sizeof(GET HOST "X: \r\n\r\n") - 1;

    check_long("longest target", "GET /", HTTP_MAX_TARGET - 1, after_target, ACCEPTS);
    check_long("target one too long", "GET /", HTTP_MAX_TARGET, after_target, 414);
    check_long("target of 256 KiB", "GET /", 262144, after_target, 414);
    check_long("longest head", GET HOST "X: ", HTTP_MAX_HEAD - around, "\r\n\r\n", ACCEPTS);
    check_long("head one too long", GET HOST "X: ", HTTP_MAX_HEAD - around + 1, "\r\n\r\n", 431);
    check_long("header of 1 MiB", GET HOST "X: ", 1048576, "\r\n\r\n", 431);
    check_long("name of 1 MiB", GET HOST, 1048576, ": b\r\n\r\n", 431);
    check_long("long trailer", CHUNKED "0\r\nX: ", HTTP_MAX_HEAD, "\r\n\r\n", 431);
    check_long("long extension", CHUNKED "1;", 1000, "\r\nx\r\n0\r\n\r\n", 400);
}

static int outcome_with_headers(size_t count)
{
    buf b = {0};

    buf_append_lit(&b, GET HOST);
    for (size_t i = 1; i < count; i++)
        buf_append_lit(&b, "X: y\r\n");
    buf_append_lit(&b, "\r\n");

    int outcome = outcome_cut(buf_view(&b), b.len);

    cr_expect_eq(outcome_bytewise(buf_view(&b)), outcome);
    buf_fini(&b);
    return outcome;
}

Test(http_guard, limit_of_header_count)
{
    cr_expect_eq(outcome_with_headers(HTTP_MAX_HEADERS), ACCEPTS);
    cr_expect_eq(outcome_with_headers(HTTP_MAX_HEADERS + 1), 431);
    cr_expect_eq(outcome_with_headers(20000), 431);
}

Test(http_guard, endless_empty_lines_are_cut_off)
{
    buf b = {0};

    for (size_t i = 0; i <= HTTP_MAX_HEAD / 2; i++)
        buf_append_lit(&b, "\r\n");
    cr_expect_eq(outcome_cut(buf_view(&b), b.len), 431);
    buf_fini(&b);
}

/* Eight bytes of a value are looked at together: each byte must count as it does alone. */
Test(http_guard, takes_every_byte_in_every_place_of_a_value_as_alone)
{
    char request[] = GET HOST "X: 0123456789abcdefghij\r\n\r\n";
    char *value = strstr(request, "0123");
    view bytes = {request, sizeof request - 1};

    for (int at = 0; at < 20; at++) {
        char right = value[at];

        for (int c = 0; c < 256; c++) {
            bool allowed = c == '\t' || (c >= ' ' && c != 0x7f);

            value[at] = (char)c;
            cr_assert_eq(outcome_cut(bytes, 0), allowed ? ACCEPTS : 400, "%d at %d", c, at);
            cr_assert_eq(outcome_bytewise(bytes), allowed ? ACCEPTS : 400, "%d at %d", c, at);
        }
        value[at] = right;
    }
}
