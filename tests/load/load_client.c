/* SPDX-License-Identifier: MIT */
#include "load_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "load_report.h"
#include "load_server.h"

enum {
    BUFFER_SIZE = 262144,
    SOURCES = 200, /* addresses from 127.0.0.2 on: 28,000 ports each */
    OP_TEXT = 1,
    OP_CLOSE = 8,
};

/* A mask of zeros: what is sent is what is written here. Allowed to a test, RFC 6455 wants better
 * of clients that proxies may stand behind. */
#define MASK "\0\0\0\0"

static const char handshake[] = "GET /connection/websocket HTTP/1.1\r\n"
                                "Host: localhost\r\n"
                                "Upgrade: websocket\r\n"
                                "Connection: Upgrade\r\n"
                                "Sec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                "\r\n";
static const char greeting[] = "{\"connect\":{\"name\":\"load\"},\"id\":1}\n"
                               "{\"subscribe\":{\"channel\":\"" LOAD_CHANNEL "\"},\"id\":2}";
_Static_assert(sizeof greeting - 1 < 126, "its length has one byte");
static const char publication[] = "{\"push\":{\"channel\":\"" LOAD_CHANNEL "\",\"pub\":{\"data\":[";
static const char pong[] = "\x81\x82" MASK "{}";
static const char close_frame[] = "\x88\x82" MASK "\x03\xe8"; /* 1000 */

/* ---- opening and ending ---- */

static void drop(load_crowd *crowd, load_client *c)
{
    if (c->state == LOAD_NONE)
        return;
    if (c->state == LOAD_READY)
        crowd->ready--;
    else if (c->state != LOAD_LEAVING)
        crowd->connecting--;
    c->state = LOAD_NONE;
    (void)close(c->fd); /* takes it out of epoll, too */
    free(c->rest);
    c->rest = NULL;
    c->rest_len = 0;
}

static void bind_source(load_crowd *crowd, int fd)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    int on = 1;

    /* the port is chosen when connecting: then only the pair of addresses has to be unique */
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + crowd->sources++ % SOURCES);
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
        load_die("cannot bind: %s", strerror(errno));
}

void load_client_open(load_crowd *crowd, load_client *c, bool steady, load_way way, uint64_t stay)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(crowd->port)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        load_die("socket: %s", strerror(errno));
    *c = (load_client){.fd = fd,
                       .state = LOAD_CONNECTING,
                       .way = (uint8_t)way,
                       .steady = steady,
                       .next = steady ? 0 : UINT64_MAX,
                       .stay = stay};
    crowd->connecting++;
    bind_source(crowd, fd);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        load_die("connect: %s", strerror(errno));
    if (epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        load_die("epoll: %s", strerror(errno));
}

/* What is sent is little, and the server reads: it fits. */
static bool send_all(load_client *c, const void *bytes, size_t len)
{
    return send(c->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static void reset_on_close(load_client *c)
{
    struct linger at_once = {.l_onoff = 1};

    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* true: the server's end of the connection is worth waiting for. */
static bool say_goodbye(load_client *c)
{
    if (c->way == LEAVE_CLOSE)
        return send_all(c, close_frame, sizeof close_frame - 1);
    return c->way == LEAVE_FIN && shutdown(c->fd, SHUT_WR) == 0;
}

void load_client_leave(load_crowd *crowd, load_client *c)
{
    if (c->state == LOAD_NONE || c->state == LOAD_LEAVING)
        return;
    if (c->state == LOAD_READY && say_goodbye(c)) {
        crowd->ready--;
        c->state = LOAD_LEAVING;
        return;
    }
    if (c->way == LEAVE_RESET)
        reset_on_close(c);
    drop(crowd, c);
}

/* The connection ended, and not by us. */
static void lost(load_crowd *crowd, load_client *c, const char *why)
{
    if (c->state != LOAD_LEAVING)
        load_wrong("a %s client lost its connection in state %d after %llu publications: %s",
                   c->steady ? "steady" : "passing", c->state, (unsigned long long)c->seen, why);
    drop(crowd, c);
}

/* ---- messages ---- */

static void take_publication(load_crowd *crowd, load_client *c, const char *text)
{
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    uint64_t sent_ns = *end == ',' ? strtoull(end + 1, &end, 10) : 0;

    if (sent_ns == 0 || strncmp(end, "]}}}", 4) != 0)
        load_wrong("a publication that nobody made: %.60s", text);
    if (c->state != LOAD_READY && c->state != LOAD_LEAVING)
        load_wrong("a publication before the reply to subscribe");
    if (c->next != UINT64_MAX && number != c->next)
        load_wrong("a %s client expects %llu and gets %llu", c->steady ? "steady" : "passing",
                   (unsigned long long)c->next, (unsigned long long)number);
    c->next = number + 1;
    c->seen++;
    crowd->deliveries++;
    load_latency_add(clock_mono_ns() - sent_ns);
}

static void take_line(load_crowd *crowd, load_client *c, const char *line, size_t len)
{
    if (len > sizeof publication && memcmp(line, publication, sizeof publication - 1) == 0) {
        take_publication(crowd, c, line + sizeof publication - 1);
    } else if (len == 2 && memcmp(line, "{}", 2) == 0) {
        (void)send_all(c, pong, sizeof pong - 1);
    } else if (len > 17 && memcmp(line, "{\"id\":1,\"connect\"", 17) == 0 &&
               c->state == LOAD_GREETING) {
        return;
    } else if (len == 23 && memcmp(line, "{\"id\":2,\"subscribe\":{}}", 23) == 0 &&
               c->state == LOAD_GREETING) {
        c->state = LOAD_READY;
        crowd->connecting--;
        crowd->ready++;
    } else {
        load_wrong("an unexpected message: %.*s", (int)(len < 200 ? len : 200), line);
    }
}

static void take_text(load_crowd *crowd, load_client *c, const char *text, size_t len)
{
    while (len != 0) {
        const char *end = memchr(text, '\n', len);
        size_t line = end == NULL ? len : (size_t)(end - text);

        take_line(crowd, c, text, line);
        text += line;
        len -= line;
        if (len != 0) {
            text++;
            len--;
        }
    }
}

/* The length of the frame that begins here, 0 if that is not known yet; *head: of its header. */
static size_t frame_length(const unsigned char *bytes, size_t len, size_t *head)
{
    if (len < 2)
        return 0;
    *head = bytes[1] < 126 ? 2 : bytes[1] == 126 ? 4 : 10;
    if (len < *head)
        return 0;
    if (*head == 2)
        return 2 + (size_t)bytes[1];
    if (*head == 4)
        return 4 + ((size_t)bytes[2] << 8 | bytes[3]);
    load_die("a frame of the server over 64 KiB"); /* nothing here is so long */
}

/* Takes whole frames. Returns how many bytes that is. */
static size_t take_frames(load_crowd *crowd, load_client *c, char *bytes, size_t len)
{
    size_t taken = 0;

    while (c->state != LOAD_NONE) {
        size_t head = 0;
        size_t size = frame_length((unsigned char *)bytes + taken, len - taken, &head);
        unsigned opcode;

        if (size == 0 || taken + size > len)
            return taken;
        opcode = (unsigned char)bytes[taken] & 0xf;
        if (opcode == OP_TEXT)
            take_text(crowd, c, bytes + taken + head, size - head);
        else if (opcode != OP_CLOSE)
            load_wrong("an unexpected frame, opcode %u", opcode);
        else if (c->state != LOAD_LEAVING)
            load_wrong("closed by the server: %.*s", (int)(size - head), bytes + taken + head + 2);
        taken += size;
    }
    return len;
}

/* ---- events ---- */

static void keep_rest(load_client *c, const char *bytes, size_t len)
{
    if (len == 0)
        return;
    c->rest = malloc(len);
    if (c->rest == NULL)
        load_die("out of memory");
    memcpy(c->rest, bytes, len);
    c->rest_len = len;
}

/* The answer to the handshake; what comes after it stays. Returns how many bytes it is. */
static size_t take_handshake(load_client *c, const char *bytes, size_t len)
{
    char frame[8 + sizeof greeting] = {(char)0x81, (char)(0x80 | (sizeof greeting - 1))};
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);

    if (end == NULL)
        return 0;
    if (len < 12 || memcmp(bytes, "HTTP/1.1 101", 12) != 0)
        load_wrong("the handshake is refused: %.60s", bytes);
    memcpy(frame + 6, greeting, sizeof greeting - 1); /* after two bytes and the mask of zeros */
    (void)send_all(c, frame, 6 + sizeof greeting - 1);
    c->state = LOAD_GREETING;
    return (size_t)(end - bytes) + 4;
}

static void take_bytes(load_crowd *crowd, load_client *c, char *bytes, size_t len)
{
    size_t taken = 0;

    if (c->state == LOAD_HANDSHAKE)
        taken = take_handshake(c, bytes, len);
    if (c->state != LOAD_HANDSHAKE)
        taken += take_frames(crowd, c, bytes + taken, len - taken);
    if (c->state == LOAD_NONE)
        return;
    keep_rest(c, bytes + taken, len - taken);
    if (c->state == LOAD_READY && c->seen >= c->stay)
        load_client_leave(crowd, c);
}

static void readable(load_crowd *crowd, load_client *c)
{
    static char buffer[BUFFER_SIZE];
    size_t have = c->rest_len;
    ssize_t count;

    if (have != 0)
        memcpy(buffer, c->rest, have);
    free(c->rest);
    c->rest = NULL;
    c->rest_len = 0;
    count = recv(c->fd, buffer + have, sizeof buffer - have - 1, 0);
    if (count > 0) {
        buffer[have + (size_t)count] = '\0'; /* numbers at the end of it end there */
        take_bytes(crowd, c, buffer, have + (size_t)count);
        return;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        keep_rest(c, buffer, have);
        return;
    }
    lost(crowd, c, count == 0 ? "closed" : strerror(errno));
}

static void connected(load_crowd *crowd, load_client *c)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    size_t len = sizeof handshake - 1;
    int error = 0;
    socklen_t size = sizeof error;

    (void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        lost(crowd, c, strerror(error));
        return;
    }
    if (c->way == LEAVE_IN_HANDSHAKE)
        len /= 2;
    if (!send_all(c, handshake, len)) {
        lost(crowd, c, "it takes no handshake");
        return;
    }
    c->state = LOAD_HANDSHAKE;
    if (c->way == LEAVE_IN_HANDSHAKE) {
        if (c->stay % 2 != 0)
            reset_on_close(c);
        drop(crowd, c);
        return;
    }
    (void)epoll_ctl(crowd->epoll, EPOLL_CTL_MOD, c->fd, &event);
}

void load_client_event(load_crowd *crowd, load_client *c, uint32_t events)
{
    if (c->state == LOAD_NONE)
        return; /* it went earlier in this round */
    if (c->state == LOAD_CONNECTING)
        connected(crowd, c);
    else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        readable(crowd, c);
}
