/* SPDX-License-Identifier: MIT */
#include "subject.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cpu.h"
#include "floor.h"
#include "viewer.h"

enum { START_MS = 20000, STOP_MS = 10000, STEP_MS = 20, WORDS_MAX = 32 };

#define WITH_NPM    "npm ci --prefix bench/fanout/peers"
#define OUR_OPTIONS "--client.insecure", "--http_api.key=k", "--http_server.address=127.0.0.1"

const subject subjects[] = {
    {.name = "floor-1", .dialect = &dialect_floor, .batch = 1, .depth = 4},
    {.name = "floor-4", .dialect = &dialect_floor, .batch = 4, .depth = 16},
    {.name = "floor-16", .dialect = &dialect_floor, .batch = 16, .depth = 64},
    {
        .name = "gracecast-plain",
        .dialect = &dialect_centrifugo,
        .depth = 64,
        .args = {"BIN/gracecast", OUR_OPTIONS, "--http_server.port", "PORT", "--workers=1",
                 "--log.level=error", "--delivery.io_uring=off"},
        .needs = {"BIN/gracecast"},
        .how_to_get = "./dev build",
    },
    {
        .name = "gracecast-positioned",
        .dialect = &dialect_positioned,
        .depth = 64,
        .args = {"BIN/gracecast", OUR_OPTIONS, "--http_server.port", "PORT", "--workers=1",
                 "--log.level=error", "--delivery.io_uring=off",
                 "--channel.without_namespace.history_size=100",
                 "--channel.without_namespace.history_ttl=60s",
                 "--channel.without_namespace.force_recovery=true"},
        .needs = {"BIN/gracecast"},
        .how_to_get = "./dev build",
    },
    {
        .name = "gracecast-io_uring",
        .dialect = &dialect_centrifugo,
        .depth = 64,
        .args = {"BIN/gracecast", OUR_OPTIONS, "--http_server.port", "PORT", "--workers=1",
                 "--log.level=error", "--delivery.io_uring=on"},
        .needs = {"BIN/gracecast"},
        .how_to_get = "./dev build, where io_uring works",
    },
    {
        .name = "bun",
        .dialect = &dialect_plain,
        .depth = 64,
        .args = {"PEERS/node_modules/.bin/bun", "PEERS/bun.mjs", "PORT"},
        .needs = {"PEERS/node_modules/.bin/bun"},
        .how_to_get = WITH_NPM,
    },
    {
        .name = "ws",
        .dialect = &dialect_plain,
        .depth = 4,
        .args = {"/usr/bin/env", "node", "PEERS/ws.mjs", "PORT"},
        .needs = {"PEERS/node_modules/ws/package.json", "node"},
        .how_to_get = "nodejs, and " WITH_NPM,
    },
    {
        .name = "nchan",
        .dialect = &dialect_nchan,
        .depth = 4,
        .args = {"/bin/sh", "PEERS/nchan.sh", "PORT"},
        .needs = {"/usr/sbin/nginx", "/usr/lib/nginx/modules/ngx_nchan_module.so"},
        .how_to_get = "Debian: nginx-light libnginx-mod-nchan",
    },
    {
        .name = "centrifugo",
        .dialect = &dialect_centrifugo,
        .depth = 64,
        .args = {"/usr/bin/env", "centrifugo", OUR_OPTIONS, "--http_server.port", "PORT",
                 "--log.level=error"},
        .needs = {"centrifugo"},
        .how_to_get = "a program of this name on the PATH",
    },
};
const unsigned subject_count = sizeof subjects / sizeof subjects[0];

const subject *subject_named(const char *name)
{
    for (unsigned i = 0; i < subject_count; i++)
        if (strcmp(subjects[i].name, name) == 0)
            return &subjects[i];
    return NULL;
}

/* ---- where things are ---- */

/* The directory of this program */
static const char *own_directory(void)
{
    static char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);

    if (len <= 0)
        return ".";
    path[len] = '\0';
    *strrchr(path, '/') = '\0';
    return path;
}

/* Writes dir/name; what does not fit names no file. */
static void join_path(char out[PATH_MAX], const char *dir, size_t dir_len, const char *name)
{
    int len = snprintf(out, PATH_MAX, "%.*s/%s", (int)dir_len, dir, name);

    if (len < 0 || len >= PATH_MAX)
        out[0] = '\0';
}

/* "BIN/x" and "PEERS/x" with their directories; all else as it is. */
static void locate(const char *name, char out[PATH_MAX])
{
    if (strncmp(name, "BIN/", 4) == 0)
        join_path(out, own_directory(), strlen(own_directory()), name + 4);
    else if (strncmp(name, "PEERS/", 6) == 0)
        join_path(out, PEERS_DIRECTORY, sizeof PEERS_DIRECTORY - 1, name + 6);
    else
        (void)snprintf(out, PATH_MAX, "%s", name);
}

static bool is_on_path(const char *program)
{
    const char *path = getenv("PATH");
    char file[PATH_MAX];

    for (const char *at = path == NULL ? "" : path; *at != '\0';) {
        size_t len = strcspn(at, ":");

        join_path(file, at, len, program);
        if (access(file, X_OK) == 0)
            return true;
        at += len + (at[len] == ':');
    }
    return false;
}

bool subject_is_here(const subject *s)
{
    char file[PATH_MAX];

    for (unsigned i = 0; i < sizeof s->needs / sizeof s->needs[0] && s->needs[i] != NULL; i++) {
        locate(s->needs[i], file);
        if (strchr(file, '/') == NULL ? !is_on_path(file) : access(file, R_OK) != 0)
            return false;
    }
    return true;
}

/* ---- start ---- */

/* A port that nobody uses now. 0: there is none. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return 0;
    if (bind(fd, (struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        address.sin_port = 0;
    (void)close(fd);
    return ntohs(address.sin_port);
}

static _Noreturn void execute(const subject *s, const char *wrapper, uint16_t port)
{
    static char text[SUBJECT_ARGS][PATH_MAX];
    static char wrapping[1024];
    char *words[WORDS_MAX] = {0};
    size_t count = 0;
    int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)snprintf(wrapping, sizeof wrapping, "%s", wrapper == NULL ? "" : wrapper);
    for (char *word = strtok(wrapping, " "); word != NULL && count < WORDS_MAX - SUBJECT_ARGS - 1;
         word = strtok(NULL, " "))
        words[count++] = word;
    for (unsigned i = 0; i < SUBJECT_ARGS && s->args[i] != NULL; i++) {
        locate(s->args[i], text[i]);
        if (strcmp(s->args[i], "PORT") == 0)
            (void)snprintf(text[i], sizeof text[i], "%u", port);
        words[count++] = text[i];
    }
    (void)dup2(quiet, STDOUT_FILENO);
    if (count != 0)
        (void)execvp(words[0], words);
    (void)fprintf(stderr, "%s: %s\n", s->name, strerror(errno));
    _exit(127);
}

static _Noreturn void child_main(const subject *s, const char *wrapper, uint16_t port)
{
    cpu_pin_server();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (s->batch != 0)
        floor_run(port, s->batch);
    execute(s, wrapper, port);
}

static void sleep_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    (void)nanosleep(&t, NULL);
}

static bool await_ready(pid_t pid, uint16_t port)
{
    for (int ms = 0; ms < START_MS; ms += STEP_MS) {
        int fd = hall_dial(port, 0);

        if (fd >= 0) {
            (void)close(fd);
            return true;
        }
        if (waitpid(pid, NULL, WNOHANG) == pid)
            return false;
        sleep_ms(STEP_MS);
    }
    return false;
}

bool subject_start(const subject *s, const char *wrapper, pid_t *pid, uint16_t *port)
{
    *port = free_port();
    *pid = fork();
    if (*pid == 0)
        child_main(s, wrapper, *port);
    if (*pid > 0 && await_ready(*pid, *port))
        return true;
    if (*pid > 0)
        subject_stop(*pid);
    return false;
}

void subject_stop(pid_t pid)
{
    (void)kill(pid, SIGTERM);
    for (int ms = 0; ms < STOP_MS; ms += STEP_MS) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        sleep_ms(STEP_MS);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}
