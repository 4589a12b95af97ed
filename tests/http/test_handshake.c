/* SPDX-License-Identifier: MIT */
/* Section numbers: RFC 6455. */
#include <criterion/criterion.h>

#include "handshake.h"

#define LINE    "GET /connection/websocket HTTP/1.1\r\n"
#define HOST    "Host: a\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECT "Connection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" /* that of section 1.3 */

static const char *const known[] = {"centrifuge-json", "centrifuge-protobuf", NULL};

static http_session *read_request(const char *text)
{
    http_session *s = http_session_new(1000);
    size_t used = 0;

    cr_assert_eq(http_session_feed(s, view_of(text), &used), HTTP_REQUEST, "%s", text);
    return s;
}

/* The status; *protocol is of static storage. */
static int check(const char *text, view *protocol, const char **headers)
{
    http_session *s = read_request(text);
    handshake h = handshake_check(http_session_request(s), known);

    http_session_free(s);
    if (h.status != 101)
        cr_expect_not_null(h.reason);
    *protocol = h.protocol;
    *headers = h.headers == NULL ? "" : h.headers;
    return h.status;
}

typedef struct handshake_case {
    const char *name;
    const char *text;
    int status;
    const char *headers;
} handshake_case;

static void check_all(const handshake_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        view protocol;
        const char *headers;

        cr_expect_eq(check(cases[i].text, &protocol, &headers), cases[i].status, "%s",
                     cases[i].name);
        cr_expect_str_eq(headers, cases[i].headers, "%s", cases[i].name);
        cr_expect_eq(protocol.len, 0, "%s", cases[i].name);
    }
}

#define CHECK_ALL(cases) check_all((cases), sizeof(cases) / sizeof((cases)[0]))

Test(http_handshake, accepts_what_browsers_and_proxies_send)
{
    static const handshake_case cases[] = {
        {"plain", LINE HOST UPGRADE CONNECT VERSION KEY "\r\n", 101, ""},
        {"case", LINE HOST "upgrade: WebSocket\r\nconnection: upgrade\r\n" VERSION KEY "\r\n", 101,
         ""},
        {"lists",
         LINE HOST "Upgrade: foo, websocket\r\nConnection: keep-alive, Upgrade\r\n" VERSION KEY
                   "\r\n",
         101, ""},
        {"list over two headers",
         LINE HOST UPGRADE "Connection: keep-alive\r\nConnection: upgrade\r\n" VERSION KEY "\r\n",
         101, ""},
        {"empty body", LINE HOST UPGRADE CONNECT VERSION KEY "Content-Length: 0\r\n\r\n", 101, ""},
        {"extensions are declined",
         LINE HOST UPGRADE CONNECT VERSION KEY
         "Sec-WebSocket-Extensions: permessage-deflate; x=\"\r\n\r\n",
         101, ""},
    };

    CHECK_ALL(cases);
}

Test(http_handshake, refuses_with_the_status_that_helps)
{
    static const handshake_case cases[] = {
        {"POST", "POST / HTTP/1.1\r\n" HOST UPGRADE CONNECT VERSION KEY "\r\n", 405,
         "Allow: GET\r\n"},
        {"HEAD", "HEAD / HTTP/1.1\r\n" HOST UPGRADE CONNECT VERSION KEY "\r\n", 405,
         "Allow: GET\r\n"},
        {"HTTP/1.0", "GET / HTTP/1.0\r\n" HOST UPGRADE CONNECT VERSION KEY "\r\n", 400, ""},
        {"plain GET", LINE HOST "\r\n", 426, "Upgrade: websocket\r\n"},
        {"no Upgrade", LINE HOST CONNECT VERSION KEY "\r\n", 426, "Upgrade: websocket\r\n"},
        {"another Upgrade", LINE HOST "Upgrade: h2c\r\n" CONNECT VERSION KEY "\r\n", 426,
         "Upgrade: websocket\r\n"},
        {"part of a token", LINE HOST "Upgrade: websockets\r\n" CONNECT VERSION KEY "\r\n", 426,
         "Upgrade: websocket\r\n"},
        {"no Connection", LINE HOST UPGRADE VERSION KEY "\r\n", 400, ""},
        {"Connection without upgrade", LINE HOST UPGRADE "Connection: close\r\n" VERSION KEY "\r\n",
         400, ""},
        {"version 8", LINE HOST UPGRADE CONNECT KEY "Sec-WebSocket-Version: 8\r\n\r\n", 426,
         "Sec-WebSocket-Version: 13\r\n"},
        {"no version", LINE HOST UPGRADE CONNECT KEY "\r\n", 426, "Sec-WebSocket-Version: 13\r\n"},
        {"version list", LINE HOST UPGRADE CONNECT KEY "Sec-WebSocket-Version: 13, 8\r\n\r\n", 426,
         "Sec-WebSocket-Version: 13\r\n"},
        {"no key", LINE HOST UPGRADE CONNECT VERSION "\r\n", 400, ""},
        {"two keys", LINE HOST UPGRADE CONNECT VERSION KEY KEY "\r\n", 400, ""},
        {"short key", LINE HOST UPGRADE CONNECT VERSION "Sec-WebSocket-Key: dGhl\r\n\r\n", 400, ""},
        {"long key",
         LINE HOST UPGRADE CONNECT VERSION
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==AAAA\r\n\r\n",
         400, ""},
        {"key of 17 bytes",
         LINE HOST UPGRADE CONNECT VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQA=\r\n\r\n",
         400, ""},
        {"key not base64",
         LINE HOST UPGRADE CONNECT VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j-Q==\r\n\r\n",
         400, ""},
        {"empty key", LINE HOST UPGRADE CONNECT VERSION "Sec-WebSocket-Key:\r\n\r\n", 400, ""},
        {"body", LINE HOST UPGRADE CONNECT VERSION KEY "Content-Length: 4\r\n\r\nGET ", 400, ""},
        {"chunked body",
         LINE HOST UPGRADE CONNECT VERSION KEY "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
         ""},
    };

    CHECK_ALL(cases);
}

static void expect_protocol(const char *offers, const char *expected)
{
    buf b = {0};
    view protocol;
    const char *headers;

    buf_printf(&b, LINE HOST UPGRADE CONNECT VERSION KEY "%s\r\n%c", offers, '\0');
    cr_expect_eq(check(b.data, &protocol, &headers), 101);
    cr_expect(view_eq(protocol, view_of(expected)), "%s gave %.*s", offers, (int)protocol.len,
              protocol.ptr);
    buf_fini(&b);
}

Test(http_handshake, chooses_a_known_protocol_only)
{
    expect_protocol("", "");
    expect_protocol("Sec-WebSocket-Protocol: centrifuge-protobuf\r\n", "centrifuge-protobuf");
    expect_protocol("Sec-WebSocket-Protocol: x, centrifuge-json\r\n", "centrifuge-json");
    expect_protocol("Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: centrifuge-json\r\n",
                    "centrifuge-json");
    expect_protocol("Sec-WebSocket-Protocol: chat, superchat\r\n", "");
    expect_protocol("Sec-WebSocket-Protocol: centrifuge-jso\r\n", "");
    expect_protocol("Sec-WebSocket-Protocol: centrifuge-json\t\x80junk\r\n", "");
}

static void expect_accept(view protocol, const char *expected)
{
    http_session *s = read_request(LINE HOST UPGRADE CONNECT VERSION KEY "\r\n");
    buf b = {0};

    cr_assert(handshake_setup());
    handshake_accept(&b, http_session_request(s), protocol);
    cr_assert_not(b.failed);
    buf_append_char(&b, '\0');
    cr_expect_str_eq(b.data, expected);
    buf_fini(&b);
    http_session_free(s);
}

/* the example of section 1.3 */
Test(http_handshake, answers_with_the_hash_of_the_key)
{
    expect_accept((view){0}, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    expect_accept(VIEW_LIT("centrifuge-protobuf"),
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                  "Sec-WebSocket-Protocol: centrifuge-protobuf\r\n\r\n");
}
