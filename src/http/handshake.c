/* SPDX-License-Identifier: MIT */
#include "handshake.h"

#include <openssl/evp.h>

enum {
    KEY_LEN = 24,     /* 16 bytes in base64 */
    SHA1_LEN = 20,    /* bytes */
    ACCEPT_SIZE = 29, /* a SHA-1 in base64, and its NUL */
};

static handshake refusal(int status, const char *reason, const char *headers)
{
    return (handshake){.status = status, .reason = reason, .headers = headers};
}

static bool is_base64_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' ||
           c == '/';
}

/* RFC 6455 section 4.2.1 item 5: decodes to 16 bytes, which is 22 digits and "==" */
static bool is_key(view key)
{
    if (key.len != KEY_LEN || key.ptr[KEY_LEN - 2] != '=' || key.ptr[KEY_LEN - 1] != '=')
        return false;
    for (size_t i = 0; i < KEY_LEN - 2; i++) {
        if (!is_base64_char(key.ptr[i]))
            return false;
    }
    return true;
}

static bool has_one_key(const http_request *rq)
{
    view key;

    return http_header_count(rq, VIEW_LIT("sec-websocket-key")) == 1 &&
           http_header_get(rq, VIEW_LIT("sec-websocket-key"), &key) && is_key(key);
}

static bool has_version_13(const http_request *rq)
{
    view version;

    return http_header_count(rq, VIEW_LIT("sec-websocket-version")) == 1 &&
           http_header_get(rq, VIEW_LIT("sec-websocket-version"), &version) &&
           view_eq(version, VIEW_LIT("13"));
}

/* A body before the first frame would be a second request for whoever reads it otherwise. */
static bool has_body(const http_request *rq)
{
    return rq->body.len != 0 || http_header_count(rq, VIEW_LIT("transfer-encoding")) != 0;
}

/* The first of ours that the client offers; the view is of our own text, never of the peer's. */
static view choose_protocol(const http_request *rq, const char *const *protocols)
{
    for (; *protocols != NULL; protocols++) {
        if (http_header_has_token(rq, VIEW_LIT("sec-websocket-protocol"), view_of(*protocols)))
            return view_of(*protocols);
    }
    return (view){0};
}

handshake handshake_check(const http_request *rq, const char *const *protocols)
{
    if (!view_eq(rq->method, VIEW_LIT("GET")))
        return refusal(405, "a WebSocket is opened with GET", "Allow: GET\r\n");
    if (rq->minor == 0)
        return refusal(400, "a WebSocket needs HTTP/1.1", NULL);
    if (http_header_count(rq, VIEW_LIT("host")) != 1)
        return refusal(400, "needs exactly one Host", NULL);
    if (has_body(rq))
        return refusal(400, "an upgrade has no body", NULL);
    if (!http_header_has_token(rq, VIEW_LIT("upgrade"), VIEW_LIT("websocket")))
        return refusal(426, "this is a WebSocket address", "Upgrade: websocket\r\n");
    if (!http_header_has_token(rq, VIEW_LIT("connection"), VIEW_LIT("upgrade")))
        return refusal(400, "Connection lacks upgrade", NULL);
    if (!has_version_13(rq))
        return refusal(426, "only WebSocket version 13 is spoken here",
                       "Sec-WebSocket-Version: 13\r\n");
    if (!has_one_key(rq))
        return refusal(400, "needs exactly one valid Sec-WebSocket-Key", NULL);
    return (handshake){.status = 101, .protocol = choose_protocol(rq, protocols)};
}

static EVP_MD *sha1; /* const after handshake_setup() */

/* RFC 6455 section 4.2.2 item 5.4. false: out of memory in libcrypto. */
static bool make_accept(char accept[static ACCEPT_SIZE], view key)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA1_LEN];
    char text[KEY_LEN + sizeof guid];

    memcpy(text, key.ptr, KEY_LEN);
    memcpy(text + KEY_LEN, guid, sizeof guid);
    if (EVP_Digest(text, sizeof text - 1, digest, NULL, sha1, NULL) != 1)
        return false;
    EVP_EncodeBlock((unsigned char *)accept, digest, SHA1_LEN);
    return true;
}

bool handshake_setup(void)
{
    char accept[ACCEPT_SIZE];

    /* looked up once: libcrypto would do so at each digest, at the price of two digests */
    if (sha1 == NULL)
        sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    return sha1 != NULL && make_accept(accept, VIEW_LIT("dGhlIHNhbXBsZSBub25jZQ=="));
}

void handshake_accept(buf *out, const http_request *rq, view protocol)
{
    char accept[ACCEPT_SIZE];
    view key;

    if (!http_header_get(rq, VIEW_LIT("sec-websocket-key"), &key) || !make_accept(accept, key)) {
        out->failed = true;
        return;
    }
    buf_append_lit(out, "HTTP/1.1 101 Switching Protocols\r\n"
                        "Upgrade: websocket\r\n"
                        "Connection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: ");
    buf_append_view(out, view_of(accept));
    if (protocol.len != 0) {
        buf_append_lit(out, "\r\nSec-WebSocket-Protocol: ");
        buf_append_view(out, protocol);
    }
    buf_append_lit(out, "\r\n\r\n");
}
