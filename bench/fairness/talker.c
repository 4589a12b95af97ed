/* SPDX-License-Identifier: MIT */
#include "talker.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "dialect.h"
#include "viewer.h"

enum { OP_TEXT = 1, OP_PING = 9, PATIENCE_S = 20 };

static bool complain(const char *what)
{
    (void)fprintf(stderr, "bench-fairness: %s\n", what);
    return false;
}

static bool send_all(int fd, buf *out)
{
    bool good = !out->failed && send(fd, out->data, out->len, MSG_NOSIGNAL) == (ssize_t)out->len;

    buf_fini(out);
    return good || complain("cannot send");
}

/* Reads until these bytes have come, and forgets all up to their end. */
static bool await(talker *t, view bytes)
{
    for (;;) {
        char *at = memmem(t->in, t->len, bytes.ptr, bytes.len);
        ssize_t got = 0;

        if (at != NULL) {
            size_t used = (size_t)(at - t->in) + bytes.len;

            t->len -= used;
            memmove(t->in, t->in + used, t->len);
            return true;
        }
        if (t->len == sizeof t->in)
            return complain("an answer does not come");
        got = recv(t->fd, t->in + t->len, sizeof t->in - t->len, 0);
        if (got <= 0)
            return complain("the connection is lost, or an answer takes too long");
        t->len += (size_t)got;
    }
}

static bool shake_hands(talker *t, unsigned index)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    buf out = {0};

    t->len = 0;
    t->fd = hall_dial(t->port, index);
    if (t->fd < 0)
        return complain("cannot connect");
    (void)setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    dialect_handshake(&out, dialect_centrifugo.viewer_path, (view){0});
    return send_all(t->fd, &out) && await(t, VIEW_LIT("HTTP/1.1 101")) &&
           await(t, VIEW_LIT("\r\n\r\n"));
}

bool talker_say(talker *t, view text)
{
    buf out = {0};

    dialect_client_frame(&out, OP_TEXT, text);
    return send_all(t->fd, &out);
}

bool talker_open(talker *t, uint16_t port, const char *channel, int buffer)
{
    char text[128];
    int len = 0;

    *t = (talker){.fd = -1, .port = port};
    if (!shake_hands(t, 0) || !talker_say(t, VIEW_LIT("{\"id\":1,\"connect\":{}}")) ||
        !await(t, VIEW_LIT("\"connect\":")))
        return false;
    if (buffer != 0)
        (void)setsockopt(t->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (channel == NULL)
        return true;
    len = snprintf(text, sizeof text, "{\"id\":2,\"subscribe\":{\"channel\":\"%s\"}}", channel);
    return talker_say(t, (view){text, (size_t)len}) && await(t, VIEW_LIT("\"subscribe\":{}}"));
}

void talker_close(talker *t)
{
    if (t->fd >= 0)
        (void)close(t->fd);
    t->fd = -1;
}

uint64_t talker_ping(talker *t)
{
    static const char pong[] = {(char)0x8a, 1, 'p'};
    uint64_t begin = clock_mono_ns();
    buf out = {0};

    dialect_client_frame(&out, OP_PING, VIEW_LIT("p"));
    if (!send_all(t->fd, &out) || !await(t, (view){pong, sizeof pong}))
        return 0;
    return clock_mono_ns() - begin;
}

uint64_t talker_arrive(talker *t)
{
    talker visitor = {.port = t->port};
    uint64_t begin = clock_mono_ns();
    bool good = shake_hands(&visitor, 1 + t->count++ % 10000);
    uint64_t took = clock_mono_ns() - begin;

    talker_close(&visitor);
    return good ? took : 0;
}

uint64_t talker_publish(talker *t, const char *channel)
{
    uint64_t begin = clock_mono_ns();
    char text[128];
    char answer[64];
    int len = 0;

    t->count++;
    len = snprintf(text, sizeof text, "{\"id\":3,\"publish\":{\"channel\":\"%s\",\"data\":[%u]}}",
                   channel, t->count);
    if (!talker_say(t, (view){text, (size_t)len}))
        return 0;
    len = snprintf(answer, sizeof answer, "\"pub\":{\"data\":[%u]", t->count);
    if (!await(t, (view){answer, (size_t)len}))
        return 0;
    return clock_mono_ns() - begin;
}
