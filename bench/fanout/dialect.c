/* SPDX-License-Identifier: MIT */
#include "dialect.h"

#include <stdio.h>

#include "floor.h"

void channel_name(char out[CHANNEL_NAME_CAP], unsigned channel)
{
    (void)snprintf(out, CHANNEL_NAME_CAP, "c%03u", channel % 1000);
}

void dialect_handshake(buf *out, const char *path, view query)
{
    buf_printf(out,
               "GET %s%.*s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
               "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
               "Sec-WebSocket-Version: 13\r\n\r\n",
               path, (int)query.len, query.ptr);
}

void dialect_client_frame(buf *out, unsigned opcode, view payload)
{
    /* A key of zeros is one that leaves the bytes as they are. */
    static const char key[4] = {0};

    buf_append_char(out, (char)(0x80U | opcode));
    if (payload.len < 126) {
        buf_append_char(out, (char)(0x80U | payload.len));
    } else {
        buf_append_char(out, (char)(0x80U | 126));
        buf_append_char(out, (char)(payload.len >> 8)); /* none is 64 KiB long */
        buf_append_char(out, (char)payload.len);
    }
    buf_append(out, key, sizeof key);
    buf_append_view(out, payload);
}

static void publish_to_floor(buf *out, unsigned channel, view message)
{
    floor_header h = {.channel = (uint16_t)channel, .len = (uint16_t)message.len};

    buf_append(out, &h, sizeof h);
    buf_append_view(out, message);
}

static void flush_floor(buf *out)
{
    floor_header h = {0};

    buf_append(out, &h, sizeof h);
}

static void publish_by_websocket(buf *out, unsigned channel, view message)
{
    char bytes[8192];
    char name[CHANNEL_NAME_CAP];
    int len = 0;

    channel_name(name, channel);
    len = snprintf(bytes, sizeof bytes, "%s%.*s", name, (int)message.len, message.ptr);
    dialect_client_frame(out, 1, (view){bytes, (size_t)len});
}

static void publish_to_nchan(buf *out, unsigned channel, view message)
{
    char name[CHANNEL_NAME_CAP];

    channel_name(name, channel);
    buf_printf(out,
               "POST /publish?id=%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n",
               name, message.len);
    buf_append_view(out, message);
}

static void publish_by_api(buf *out, unsigned channel, view message)
{
    static const char before[] = "{\"channel\":\"c000\",\"data\":";
    char name[CHANNEL_NAME_CAP];

    channel_name(name, channel);
    buf_printf(out,
               "POST /api/publish HTTP/1.1\r\nHost: localhost\r\nX-API-Key: k\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
               "{\"channel\":\"%s\",\"data\":",
               sizeof before - 1 + message.len + 1, name);
    buf_append_view(out, message);
    buf_append_char(out, '}');
}

const dialect dialect_floor = {
    .viewer_path = "/",
    .publish = publish_to_floor,
    .flush = flush_floor,
};

const dialect dialect_plain = {
    .viewer_path = "/",
    .publisher_path = "/publish",
    .publish = publish_by_websocket,
};

const dialect dialect_nchan = {
    .viewer_path = "/",
    .publish = publish_to_nchan,
};

const dialect dialect_centrifugo = {
    .viewer_path = "/connection/websocket",
    .commands = true,
    .publish = publish_by_api,
};

const dialect dialect_positioned = {
    .viewer_path = "/connection/websocket",
    .commands = true,
    .subscribed = "\"recoverable\":true",
    .publish = publish_by_api,
};
