/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char opening[] = "GET /chat HTTP/1.1\r\n"
                              "Host: localhost\r\n"
                              "Upgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "\r\n";

static void die(const char *name)
{
    (void)fprintf(stderr, "bench-models: cannot start %s\n", name);
    exit(1);
}

/* The path of `name` in the directory of this program. */
static bool beside_us(char path[static PATH_MAX], const char *name)
{
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
    char *slash = NULL;

    if (len < 0)
        return false;
    path[len] = '\0';
    slash = strrchr(path, '/');
    return snprintf(slash + 1, (size_t)(path + PATH_MAX - slash - 1), "%s", name) <
           path + PATH_MAX - slash - 1;
}

void server_start(server *s, const char *name)
{
    char path[PATH_MAX];
    int out[2];
    unsigned port = 0;
    FILE *lines = NULL;

    if (!beside_us(path, name) || pipe(out) != 0)
        die(name);
    s->pid = fork();
    if (s->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(out[1], STDOUT_FILENO);
        (void)execl(path, path, "0", (char *)NULL);
        _exit(127);
    }
    (void)close(out[1]);
    lines = fdopen(out[0], "r");
    if (s->pid < 0 || lines == NULL || fscanf(lines, "port %u", &port) != 1)
        die(name);
    (void)fclose(lines);
    s->port = (uint16_t)port;
}

void server_stop(const server *s)
{
    (void)kill(s->pid, SIGTERM);
    (void)waitpid(s->pid, NULL, 0);
}

/* Reads up to the blank line and no further: what follows are frames. */
static bool upgraded(int fd)
{
    char head[512];
    size_t len = 0;

    while (len < sizeof head - 1) {
        char *end = NULL;
        ssize_t got = recv(fd, head + len, sizeof head - 1 - len, MSG_PEEK);

        if (got <= 0)
            return false;
        head[len + (size_t)got] = '\0';
        end = strstr(head, "\r\n\r\n");
        got = recv(fd, head + len, end != NULL ? (size_t)(end + 4 - head) - len : (size_t)got, 0);
        len += (size_t)got;
        if (end != NULL)
            return strncmp(head, "HTTP/1.1 101 ", 13) == 0;
    }
    return false;
}

int server_join(const server *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(s->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
        send(fd, opening, strlen(opening), MSG_NOSIGNAL) == (ssize_t)strlen(opening) &&
        upgraded(fd))
        return fd;
    (void)close(fd);
    return -1;
}
