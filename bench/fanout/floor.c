/* SPDX-License-Identifier: MIT */
#include "floor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"

enum { EVENTS = 256, READ_BYTES = 65536, FDS_MAX = 1 << 20 };

typedef struct channel {
    int *viewers;
    size_t count;
    size_t cap;
    buf batch;
    unsigned gathered; /* messages in the batch */
} channel;

typedef struct server {
    int listener;
    int epoll;
    unsigned batch;
    channel channels[FLOOR_CHANNELS];
    buf input;       /* of the publisher, of which there is one */
    bool *is_viewer; /* by descriptor */
} server;

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- fan-out: this is what all is compared with ---- */

static void send_all(int fd, const char *bytes, size_t len)
{
    while (len != 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

        if (sent < 0)
            return; /* the viewer has left */
        bytes += sent;
        len -= (size_t)sent;
    }
}

static void flush(channel *ch)
{
    for (size_t i = 0; i < ch->count; i++)
        send_all(ch->viewers[i], ch->batch.data, ch->batch.len);
    buf_reset(&ch->batch);
    ch->gathered = 0;
}

static void publish(server *s, channel *ch, view message)
{
    unsigned char head[4] = {0x81, (unsigned char)message.len};
    size_t head_len = 2;

    if (message.len > 125) {
        head[1] = 126;
        head[2] = (unsigned char)(message.len >> 8);
        head[3] = (unsigned char)message.len;
        head_len = 4;
    }
    buf_append(&ch->batch, head, head_len);
    buf_append_view(&ch->batch, message);
    if (++ch->gathered == s->batch)
        flush(ch);
}

static void take_publications(server *s)
{
    size_t at = 0;
    floor_header h;

    while (s->input.len - at >= sizeof h) {
        memcpy(&h, s->input.data + at, sizeof h);
        if (s->input.len - at < sizeof h + h.len)
            break;
        if (h.len != 0)
            publish(s, &s->channels[h.channel % FLOOR_CHANNELS],
                    (view){s->input.data + at + sizeof h, h.len});
        else
            for (unsigned i = 0; i < FLOOR_CHANNELS; i++)
                flush(&s->channels[i]);
        at += sizeof h + h.len;
    }
    buf_consume(&s->input, at);
}

/* ---- connections ---- */

static void channel_add(channel *ch, int fd)
{
    if (ch->count == ch->cap) {
        ch->cap = ch->cap == 0 ? 64 : 2 * ch->cap;
        ch->viewers = reallocarray(ch->viewers, ch->cap, sizeof *ch->viewers);
        if (ch->viewers == NULL)
            die("floor");
    }
    ch->viewers[ch->count++] = fd;
}

static void subscribe(server *s, int fd, const char *names)
{
    char *end = NULL;

    for (; *names == 'c'; names = *end == ',' ? end + 1 : end)
        channel_add(&s->channels[strtoul(names + 1, &end, 10) % FLOOR_CHANNELS], fd);
}

/* Sec-WebSocket-Accept: RFC 6455 section 4.2.2. `key`: 24 characters. `out`: 29 bytes. */
static void accept_key(const char *key, unsigned char *out)
{
    static EVP_MD *sha1;
    char salted[24 + 36 + 1];
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (sha1 == NULL)
        sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    (void)snprintf(salted, sizeof salted, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    if (EVP_Digest(salted, sizeof salted - 1, digest, NULL, sha1, NULL) != 1)
        die("floor: SHA-1");
    (void)EVP_EncodeBlock(out, digest, 20);
}

/* The request of our own viewers comes in one piece. */
static void shake_hands(server *s, int fd, const char *request)
{
    static const char header[] = "Sec-WebSocket-Key: ";
    const char *key = strstr(request, header);
    const char *names = strstr(request, "?c=");
    unsigned char accept[32];
    char answer[256];

    if (key == NULL || names == NULL)
        return;
    accept_key(key + sizeof header - 1, accept);
    (void)snprintf(answer, sizeof answer,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                   (const char *)accept);
    send_all(fd, answer, strlen(answer));
    subscribe(s, fd, names + 3);
    s->is_viewer[fd] = true;
}

static void read_from(server *s, int fd)
{
    static char bytes[READ_BYTES + 1];
    ssize_t len = recv(fd, bytes, READ_BYTES, 0);

    if (len <= 0) {
        (void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, fd, NULL); /* nobody leaves before the end */
        return;
    }
    if (s->is_viewer[fd])
        return;
    bytes[len] = '\0';
    if (strncmp(bytes, "GET ", 4) == 0) {
        shake_hands(s, fd, bytes);
        return;
    }
    buf_append(&s->input, bytes, (size_t)len);
    take_publications(s);
}

static void watch(server *s, int fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        die("floor: epoll_ctl");
}

static void accept_one(server *s)
{
    static const int on = 1;
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(s, fd);
}

static int listen_on(uint16_t port)
{
    static const int on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0)
        die("floor: listen");
    return fd;
}

_Noreturn void floor_run(uint16_t port, unsigned batch)
{
    static server s;
    struct epoll_event events[EVENTS];

    s.batch = batch;
    s.listener = listen_on(port);
    s.epoll = epoll_create1(EPOLL_CLOEXEC);
    s.is_viewer = calloc(FDS_MAX, sizeof *s.is_viewer);
    if (s.epoll < 0 || s.is_viewer == NULL)
        die("floor");
    watch(&s, s.listener);
    for (;;) {
        int count = epoll_wait(s.epoll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == s.listener)
                accept_one(&s);
            else
                read_from(&s, events[i].data.fd);
        }
    }
}
