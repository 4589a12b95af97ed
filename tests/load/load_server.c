/* SPDX-License-Identifier: MIT */
#include "load_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

enum { ANSWER_S = 30, STOP_MS = 40000, ANSWER_SIZE = 65536 };

static pid_t child; /* for on_exit: it does not outlive us */

void load_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs("load_test: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static void kill_child(void)
{
    if (child > 0)
        (void)kill(child, SIGKILL);
}

/* ---- the process ---- */

static _Noreturn void run_server(const char *path, int log)
{
    (void)dup2(log, STDERR_FILENO);
    (void)execl(path, path, "--address=127.0.0.1", "--port=0", "--client.insecure",
                "--http_api.key=" LOAD_API_KEY, (char *)NULL);
    _exit(127);
}

/* Passes the server's log on, line by line; a process of its own, so that the log never blocks. */
static _Noreturn void pass_on(int from)
{
    char bytes[4096];
    ssize_t count;

    while ((count = read(from, bytes, sizeof bytes)) > 0)
        (void)!write(STDERR_FILENO, bytes, (size_t)count);
    _exit(0);
}

/* Reads the log up to the line that tells the port. */
static uint16_t read_port(int log)
{
    char text[4096];
    size_t len = 0;
    const char *port;

    while (len < sizeof text - 1) {
        ssize_t count = read(log, text + len, 1);

        if (count <= 0)
            break;
        (void)!write(STDERR_FILENO, text + len, 1);
        text[++len] = '\0';
        if (text[len - 1] != '\n')
            continue;
        port = strstr(text, "SERVER-START") == NULL ? NULL : strstr(text, " port=");
        if (port != NULL)
            return (uint16_t)strtoul(port + 6, NULL, 10);
        len = 0;
    }
    load_die("the server did not start");
}

static int connect_api(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = ANSWER_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        load_die("cannot connect to the server: %s", strerror(errno));
    return fd;
}

void load_server_start(load_server *s, const char *path)
{
    int log[2];

    if (pipe(log) != 0)
        load_die("pipe: %s", strerror(errno));
    s->pid = fork();
    if (s->pid == 0) {
        (void)close(log[0]);
        run_server(path, log[1]);
    }
    if (s->pid < 0)
        load_die("fork: %s", strerror(errno));
    (void)close(log[1]);
    child = s->pid;
    (void)atexit(kill_child);
    s->port = read_port(log[0]);
    if (fork() == 0)
        pass_on(log[0]);
    (void)close(log[0]);
    s->api = connect_api(s->port);
}

bool load_server_stop(load_server *s)
{
    uint64_t end = clock_mono_ms() + STOP_MS;
    int status = 0;

    (void)close(s->api);
    (void)kill(s->pid, SIGTERM);
    while (waitpid(s->pid, &status, WNOHANG) == 0) {
        if (clock_mono_ms() > end)
            load_die("the server does not stop");
        (void)usleep(10000);
    }
    child = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- its API ---- */

static void call(load_server *s, const char *method, char *answer)
{
    char request[256];
    int len = snprintf(request, sizeof request,
                       "POST /api/%s HTTP/1.1\r\nHost: x\r\nX-API-Key: " LOAD_API_KEY
                       "\r\nContent-Length: 2\r\n\r\n{}",
                       method);
    size_t have = 0;

    if (send(s->api, request, (size_t)len, MSG_NOSIGNAL) != len)
        load_die("cannot call %s: %s", method, strerror(errno));
    answer[0] = '\0';
    /* one JSON object, which ends where all that were opened end: "}]}}" closes info's */
    while (strstr(answer, "}]}}") == NULL) {
        ssize_t count = recv(s->api, answer + have, ANSWER_SIZE - 1 - have, 0);

        if (count <= 0)
            load_die("no answer to %s", method);
        have += (size_t)count;
        answer[have] = '\0';
    }
}

uint64_t load_server_figure(load_server *s, const char *name)
{
    static char answer[ANSWER_SIZE];
    char key[64];
    const char *at;

    call(s, "info", answer);
    (void)snprintf(key, sizeof key, "\"%s\":", name);
    at = strstr(answer, key);
    if (at == NULL)
        load_die("info does not tell %s", name);
    return strtoull(at + strlen(key), NULL, 10);
}

/* ---- what the system says ---- */

static void read_proc(const load_server *s, const char *file, char *text, size_t size)
{
    char path[64];
    FILE *f;
    size_t len;

    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)s->pid, file);
    f = fopen(path, "re");
    len = f == NULL ? 0 : fread(text, 1, size - 1, f);
    if (len == 0)
        load_die("cannot read %s", path);
    text[len] = '\0';
    (void)fclose(f);
}

uint64_t load_server_rss(const load_server *s)
{
    char text[256];
    char *resident;

    read_proc(s, "statm", text, sizeof text);
    resident = strchr(text, ' ');
    return resident == NULL ? 0 : strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t load_server_cpu_us(const load_server *s)
{
    char text[1024];
    char *at;
    uint64_t ticks;

    read_proc(s, "stat", text, sizeof text);
    at = strrchr(text, ')'); /* the name before it may hold anything */
    for (int field = 2; at != NULL && field < 14; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        load_die("cannot understand /proc/PID/stat");
    ticks = strtoull(at, &at, 10);
    ticks += strtoull(at, NULL, 10);
    return ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}
