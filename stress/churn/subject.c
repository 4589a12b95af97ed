/* SPDX-License-Identifier: MIT */
#include "subject.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "json.h"
#include "member.h"

enum {
    START_MS = 15000,
    STOP_MS = 30000,
    ANSWER_MS = 3000,
    ANSWER_MAX = 1 << 20,
};

static void pause_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&time, NULL);
}

/* A connected socket; -1: not within the time. */
static int connect_within(const target *t, int ms)
{
    int fd = target_dial(t, 0);
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t len = sizeof error;

    if (fd < 0)
        return -1;
    if (poll(&ready, 1, ms) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
        error == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static bool wait_until_up(const subject *s, buf *errors)
{
    uint64_t until = clock_mono_ms() + START_MS;

    while (clock_mono_ms() < until) {
        int fd = connect_within(s->ws, 1000);

        if (fd >= 0) {
            (void)close(fd);
            return true;
        }
        if (s->ours && waitpid(s->pid, NULL, WNOHANG) == s->pid) {
            buf_printf(errors, "the server ended at once: %s\n", s->command);
            return false;
        }
        pause_ms(20);
    }
    buf_printf(errors, "the server does not take connections after %d s\n", START_MS / 1000);
    return false;
}

bool subject_start(subject *s, buf *errors)
{
    char line[4096];
    pid_t pid = 0;

    if ((size_t)snprintf(line, sizeof line, "exec %s", s->command) >= sizeof line) {
        buf_printf(errors, "the command of the server is too long\n");
        return false;
    }
    pid = fork();
    if (pid < 0) {
        buf_printf(errors, "cannot start the server: %s\n", strerror(errno));
        return false;
    }
    if (pid == 0) {
        sigset_t none;

        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)setpgid(0, 0); /* Ctrl-C is for us: the server stays until we have reported */
        (void)execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    s->pid = pid;
    s->ours = true;
    return wait_until_up(s, errors);
}

void subject_stop(subject *s)
{
    uint64_t until = clock_mono_ms() + STOP_MS;

    if (!s->ours || s->pid <= 0)
        return;
    (void)kill(s->pid, SIGTERM);
    while (waitpid(s->pid, NULL, WNOHANG) == 0) {
        if (clock_mono_ms() > until)
            (void)kill(s->pid, SIGKILL);
        pause_ms(10);
    }
    s->pid = 0;
    s->ours = false;
}

bool subject_restart(subject *s, buf *errors)
{
    if (s->command != NULL) {
        subject_stop(s);
        return subject_start(s, errors);
    }
    if (system(s->restart) != 0) { /* NOLINT(cert-env33-c): the user's own command line */
        buf_printf(errors, "this failed: %s\n", s->restart);
        return false;
    }
    return wait_until_up(s, errors);
}

uint64_t subject_cpu_ns(const subject *s)
{
    clockid_t clock = 0;
    struct timespec time = {0};

    if (s->pid <= 0 || clock_getcpuclockid(s->pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
        return 0;
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

uint64_t subject_rss(const subject *s)
{
    char path[64];
    unsigned long long pages = 0;
    FILE *f = NULL;

    if (s->pid <= 0)
        return 0;
    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)s->pid);
    f = fopen(path, "re");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%*u %llu", &pages) != 1) /* NOLINT(cert-err34-c): the kernel wrote it */
        pages = 0;
    (void)fclose(f);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Everything until the other side closes. */
static bool read_all(int fd, buf *out)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    uint64_t until = clock_mono_ms() + ANSWER_MS;

    while (clock_mono_ms() < until && out->len < ANSWER_MAX && poll(&ready, 1, ANSWER_MS) == 1) {
        ssize_t came = -1;

        if (!buf_reserve(out, 16384))
            return false;
        came = read(fd, out->data + out->len, 16384);
        if (came == 0)
            return true;
        if (came < 0)
            return false;
        out->len += (size_t)came;
    }
    return false;
}

static void add_numbers(view object, subject_info *out)
{
    json_iter it;
    view key = {0};
    view value = {0};
    uint64_t number = 0;

    if (!json_iter_init(&it, object))
        return;
    while (json_iter_next(&it, &key, &value)) {
        if (json_string_is(key, VIEW_LIT("num_clients")) && json_u64(value, &number))
            out->clients += number;
        if (json_string_is(key, VIEW_LIT("num_subs")) && json_u64(value, &number))
            out->subscriptions += number;
    }
}

/* {"result":{"nodes":[{"num_clients":1,"num_subs":2},...]}} */
static bool read_info(view body, subject_info *out)
{
    json_iter it;
    view node = {0};

    *out = (subject_info){0};
    if (!json_valid(body) ||
        !json_iter_init(&it, member_of(member_of(body, VIEW_LIT("result")), VIEW_LIT("nodes"))))
        return false;
    while (json_iter_next(&it, NULL, &node))
        add_numbers(node, out);
    return true;
}

bool subject_ask(const subject *s, subject_info *out)
{
    buf text = {0};
    int fd = s->api == NULL ? -1 : connect_within(s->api, ANSWER_MS);
    const char *body = NULL;
    bool good = false;

    if (fd < 0)
        return false;
    buf_printf(&text,
               "POST %s/info HTTP/1.0\r\nHost: %s\r\nX-API-Key: %s\r\n"
               "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
               s->api->path, s->api->host, s->api_key == NULL ? "" : s->api_key);
    good = !text.failed && send(fd, text.data, text.len, MSG_NOSIGNAL) == (ssize_t)text.len;
    buf_reset(&text);
    good = good && read_all(fd, &text);
    (void)close(fd);
    body = good ? memmem(text.data, text.len, "\r\n\r\n", 4) : NULL;
    good =
        body != NULL &&
        read_info((view){.ptr = body + 4, .len = text.len - (size_t)(body + 4 - text.data)}, out);
    buf_fini(&text);
    return good;
}
