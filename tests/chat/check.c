/* SPDX-License-Identifier: MIT */
/*
 * Starts a chat server and checks over real sockets what all of them promise:
 *     chat-check SERVER [CASE]
 * runs all cases but the one named. The server takes a port number, 0 for any free one, and prints
 * "port <number>". Prints each case; the exit status says whether all passed.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, CROWD = 200 };
enum { TEXT = 0x1, CLOSE = 0x8, PING = 0x9, PONG = 0xa };

static uint16_t port;
static pid_t server;

static void fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fprintf(stderr, "FAILED: ");
    (void)vfprintf(stderr, format, args);
    (void)fprintf(stderr, "\n");
    va_end(args);
    (void)kill(server, SIGKILL);
    exit(1);
}

/* ---- a client -------------------------------------------------------------------------------- */

static int dial(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        fail("connect: %s", strerror(errno));
    return fd;
}

static void put(int fd, const void *data, size_t len)
{
    if (send(fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
        fail("send: %s", strerror(errno));
}

/* Whether there is something to read, or the end, within the time. */
static bool readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1;
}

/* Exactly `len` bytes; false at the end of the connection. */
static bool take(int fd, void *to, size_t len)
{
    for (size_t got = 0; got < len;) {
        ssize_t n = 0;

        if (!readable(fd, PATIENCE_MS))
            fail("no answer after %d ms", (int)PATIENCE_MS);
        n = recv(fd, (char *)to + got, len - got, 0);
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

static const char opening[] = "GET /chat HTTP/1.1\r\n"
                              "Host: localhost\r\n"
                              "Upgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "\r\n";

/* Reads the response head; key and answer are the example of RFC 6455 section 1.3. */
static void expect_upgrade(int fd)
{
    char head[1024] = "";
    size_t len = 0;

    while (strstr(head, "\r\n\r\n") == NULL) {
        if (len == sizeof head - 1 || !take(fd, head + len, 1))
            fail("no whole response: %s", head);
        len++;
    }
    if (strncmp(head, "HTTP/1.1 101 ", 13) != 0)
        fail("not upgraded: %s", head);
    if (strstr(head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == NULL)
        fail("wrong key: %s", head);
}

static int join(void)
{
    int fd = dial();

    put(fd, opening, strlen(opening));
    expect_upgrade(fd);
    return fd;
}

/* A masked frame of at most 65535 bytes: RFC 6455 section 5.2. Returns its length. */
static size_t make_frame(uint8_t *out, int opcode, const char *payload, size_t len)
{
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    size_t at = 0;

    out[at++] = (uint8_t)(0x80 | opcode);
    if (len < 126) {
        out[at++] = (uint8_t)(0x80 | len);
    } else {
        out[at++] = 0x80 | 126;
        out[at++] = (uint8_t)(len >> 8);
        out[at++] = (uint8_t)len;
    }
    memcpy(out + at, mask, sizeof mask);
    at += sizeof mask;
    for (size_t i = 0; i < len; i++)
        out[at + i] = (uint8_t)((uint8_t)payload[i] ^ mask[i % sizeof mask]);
    return at + len;
}

static void put_frame(int fd, int opcode, const char *payload, size_t len)
{
    uint8_t frame[8192];

    put(fd, frame, make_frame(frame, opcode, payload, len));
}

static void say(int fd, const char *text)
{
    put_frame(fd, TEXT, text, strlen(text));
}

/* One whole unmasked frame; false at the end of the connection. NUL-terminates the payload. */
static bool take_frame(int fd, int *opcode, char *payload, size_t cap, size_t *len)
{
    uint8_t head[2];
    uint8_t longer[2];

    if (!take(fd, head, sizeof head))
        return false;
    *opcode = head[0] & 0xf;
    *len = head[1];
    if ((head[0] & 0xf0) != 0x80 || *len > 126)
        fail("odd frame: %02x %02x", head[0], head[1]);
    if (*len == 126) {
        if (!take(fd, longer, sizeof longer))
            return false;
        *len = (size_t)longer[0] << 8 | longer[1];
    }
    if (*len >= cap)
        fail("frame of %zu bytes", *len);
    payload[*len] = '\0';
    return take(fd, payload, *len);
}

static void expect_frame(int fd, int opcode, const char *payload)
{
    char got[8192];
    size_t len = 0;
    int kind = 0;

    if (!take_frame(fd, &kind, got, sizeof got, &len))
        fail("connection ended instead of \"%s\"", payload);
    if (kind != opcode || len != strlen(payload) || memcmp(got, payload, len) != 0)
        fail("\"%s\" (%x) instead of \"%s\" (%x)", got, (unsigned)kind, payload, (unsigned)opcode);
}

/* A greeting; returns the id in it. */
static unsigned long expect_hello(int fd)
{
    static const char start[] = "Hello from client ";
    char got[8192];
    char *end = NULL;
    size_t len = 0;
    unsigned long id = 0;
    int kind = 0;

    if (!take_frame(fd, &kind, got, sizeof got, &len))
        fail("connection ended instead of a greeting");
    if (kind != TEXT || strncmp(got, start, strlen(start)) != 0)
        fail("\"%s\" instead of a greeting", got);
    id = strtoul(got + strlen(start), &end, 10);
    if (id == 0 || *end != '\0')
        fail("no id in \"%s\"", got);
    return id;
}

/* Nothing has come before the answer to what is said now: no clock is needed to know. */
static void expect_silence(int fd)
{
    say(fd, "quiet?");
    expect_frame(fd, TEXT, "Echo: quiet?");
}

static void expect_end(int fd)
{
    char got[8192];
    size_t len = 0;
    int kind = 0;

    while (take_frame(fd, &kind, got, sizeof got, &len))
        if (kind != CLOSE)
            fail("\"%s\" (%x) instead of the end", got, (unsigned)kind);
    (void)close(fd);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void answers_a_text_with_an_echo(void)
{
    char echo[3007] = "Echo: ";
    int fd = join();

    say(fd, "hello");
    expect_frame(fd, TEXT, "Echo: hello");
    say(fd, "");
    expect_frame(fd, TEXT, "Echo: ");
    say(fd, "broadcasts");
    expect_frame(fd, TEXT, "Echo: broadcasts");
    memset(echo + 6, 'x', sizeof echo - 7);
    say(fd, echo + 6);
    expect_frame(fd, TEXT, echo);
    (void)close(fd);
}

static void answers_a_ping_with_its_payload(void)
{
    int fd = join();

    put_frame(fd, PING, "are you there", 13);
    expect_frame(fd, PONG, "are you there");
    (void)close(fd);
}

static void takes_the_request_and_frames_in_any_pieces(void)
{
    uint8_t bytes[1024];
    size_t len = (size_t)snprintf((char *)bytes, sizeof bytes, "%s", opening);
    int fd = dial();

    len += make_frame(bytes + len, TEXT, "one", 3);
    len += make_frame(bytes + len, TEXT, "two", 3);
    for (size_t i = 0; i < len; i++)
        put(fd, bytes + i, 1);
    expect_upgrade(fd);
    expect_frame(fd, TEXT, "Echo: one");
    expect_frame(fd, TEXT, "Echo: two");
    (void)close(fd);

    fd = dial();
    put(fd, bytes, len);
    expect_upgrade(fd);
    expect_frame(fd, TEXT, "Echo: one");
    expect_frame(fd, TEXT, "Echo: two");
    (void)close(fd);
}

static void refuses_what_is_no_opening_request(void)
{
    static const char nonsense[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char answer[256];
    int fd = dial();

    put(fd, nonsense, strlen(nonsense));
    while (take(fd, answer, 1))
        ;
    (void)close(fd);
}

static void closes_when_asked(void)
{
    int fd = join();

    put_frame(fd, CLOSE, "\x03\xe8", 2);
    expect_frame(fd, CLOSE, "\x03\xe8");
    expect_end(fd);
}

/* The kernel shares the clients out over the loops, so with so many both have some. */
static void broadcasts_to_all_but_the_sender(void)
{
    int fds[CROWD];
    unsigned long first = 0;
    unsigned long second = 0;

    for (int i = 0; i < CROWD; i++) {
        fds[i] = join();
        expect_silence(fds[i]); /* it is registered now */
    }
    say(fds[0], "broadcast");
    for (int i = 1; i < CROWD; i++) {
        unsigned long id = expect_hello(fds[i]);

        if (i > 1 && id != first)
            fail("client %lu is also called %lu", first, id);
        first = id;
    }
    expect_silence(fds[0]);
    say(fds[1], "broadcast");
    second = expect_hello(fds[0]);
    if (second == first)
        fail("two clients have the id %lu", first);
    for (int i = 2; i < CROWD; i++)
        (void)expect_hello(fds[i]);
    for (int i = 0; i < CROWD; i++) {
        expect_silence(fds[i]);
        (void)close(fds[i]);
    }
}

static void delivers_every_one_of_many_broadcasts(void)
{
    enum { COUNT = 50 };
    int sender = join();
    int receiver = join();

    expect_silence(receiver);
    for (int i = 0; i < COUNT; i++)
        say(sender, "broadcast");
    for (int i = 0; i < COUNT; i++)
        (void)expect_hello(receiver);
    expect_silence(sender);
    expect_silence(receiver);
    (void)close(sender);
    (void)close(receiver);
}

/* Clients that leave in every manner, while others broadcast; the ones that stay miss nothing. */
static void goes_on_while_clients_come_and_go(void)
{
    enum { ROUNDS = 60 };
    int sender = join();
    int stays = join();

    expect_silence(stays);
    for (int i = 0; i < ROUNDS; i++) {
        int leaver = i % 3 == 0 ? dial() : join();
        const struct linger reset = {.l_onoff = 1};

        say(sender, "broadcast");
        if (i % 3 == 1)
            put_frame(leaver, CLOSE, "", 0);
        if (i % 3 == 2)
            (void)setsockopt(leaver, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        (void)close(leaver);
    }
    for (int i = 0; i < ROUNDS; i++)
        (void)expect_hello(stays);
    expect_silence(sender);
    (void)close(sender);
    (void)close(stays);
}

/* A message that is too long ends the connection; so does a frame that is not masked. */
static void ends_connections_that_break_the_rules(void)
{
    char big[5000];
    int fd = join();

    memset(big, 'x', sizeof big);
    put_frame(fd, TEXT, big, sizeof big);
    expect_end(fd);
    fd = join();
    put(fd, "\x81\x02hi", 4);
    expect_end(fd);
}

static long resident_kib(void)
{
    char path[64];
    char line[256];
    long kib = -1;
    FILE *status = NULL;

    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)server);
    status = fopen(path, "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    if (status == NULL || kib < 0)
        fail("no %s", path);
    (void)fclose(status);
    return kib;
}

static void join_and_leave(int times)
{
    const struct linger reset = {.l_onoff = 1}; /* thousands of ports shall not linger */

    for (int i = 0; i < times; i++) {
        int fd = join();

        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        (void)close(fd);
    }
}

/* Clients that have left are unregistered and freed: each takes some 13 KiB in all servers. */
static void forgets_clients_that_have_left(void)
{
    enum { TIMES = 2000, MAX_KIB = TIMES };
    long before = 0;
    long after = 0;

    join_and_leave(TIMES / 2);
    before = resident_kib();
    join_and_leave(TIMES);
    after = resident_kib();
    if (after - before > MAX_KIB)
        fail("%d clients have left %ld KiB behind", (int)TIMES, after - before);
}

typedef struct test {
    const char *name;
    void (*run)(void);
} test;

/* clang-format off */
#define CASE(name) {#name, name}
/* clang-format on */

static const test tests[] = {
    CASE(answers_a_text_with_an_echo),
    CASE(answers_a_ping_with_its_payload),
    CASE(takes_the_request_and_frames_in_any_pieces),
    CASE(refuses_what_is_no_opening_request),
    CASE(closes_when_asked),
    CASE(broadcasts_to_all_but_the_sender),
    CASE(delivers_every_one_of_many_broadcasts),
    CASE(goes_on_while_clients_come_and_go),
    CASE(ends_connections_that_break_the_rules),
    CASE(forgets_clients_that_have_left),
};

/* ---- the server ------------------------------------------------------------------------------ */

static void start(const char *program)
{
    int out[2];
    FILE *lines = NULL;
    unsigned number = 0;

    if (pipe(out) != 0)
        fail("pipe: %s", strerror(errno));
    server = fork();
    if (server == 0) {
        (void)dup2(out[1], STDOUT_FILENO);
        (void)execl(program, program, "0", (char *)NULL);
        _exit(127);
    }
    (void)close(out[1]);
    lines = fdopen(out[0], "r");
    if (server < 0 || lines == NULL || fscanf(lines, "port %u", &number) != 1)
        fail("%s does not start", program);
    (void)fclose(lines);
    port = (uint16_t)number;
}

/* It may end by the signal or in order, but not have ended before, nor with an error. */
static void stop(void)
{
    int status = 0;

    if (waitpid(server, &status, WNOHANG) != 0)
        fail("the server has ended by itself");
    (void)kill(server, SIGTERM);
    if (waitpid(server, &status, 0) != server ||
        !((WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) ||
          (WIFEXITED(status) && WEXITSTATUS(status) == 0)))
        fail("the server ended with status %x", (unsigned)status);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        (void)fprintf(stderr, "Usage: chat-check SERVER [CASE]\n");
        return 2;
    }
    start(argv[1]);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (argc == 3 && strcmp(argv[2], tests[i].name) == 0)
            continue;
        (void)printf("%s\n", tests[i].name);
        (void)fflush(stdout);
        tests[i].run();
    }
    stop();
    return 0;
}
