/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum { EVENTS_MAX = 256, PATIENCE_MS = 10000 };

static void die(const char *what)
{
    (void)fprintf(stderr, "bench-models: %s: %s\n", what, strerror(errno));
    exit(1);
}

void crowd_init(crowd *c, const server *s, size_t count)
{
    *c = (crowd){.clients = calloc(count, sizeof *c->clients),
                 .epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (c->clients == NULL || c->epoll < 0)
        die("setting up");
    for (; c->count < count; c->count++) {
        int fd = server_join(s);
        struct epoll_event want = {.events = EPOLLIN, .data.u32 = (uint32_t)c->count};

        if (fd < 0 || epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &want) != 0)
            die("joining");
        c->clients[c->count].fd = fd;
    }
}

void crowd_fini(crowd *c)
{
    for (size_t i = 0; i < c->count; i++)
        (void)close(c->clients[i].fd);
    (void)close(c->epoll);
    free(c->clients);
    free(c->latencies);
    *c = (crowd){0};
}

static void note(crowd *c, uint64_t ns)
{
    if (c->latency_count == c->latency_cap) {
        c->latency_cap = c->latency_cap == 0 ? 65536 : 2 * c->latency_cap;
        c->latencies = reallocarray(c->latencies, c->latency_cap, sizeof *c->latencies);
        if (c->latencies == NULL)
            die("noting a latency");
    }
    c->latencies[c->latency_count++] = ns;
}

/* A masked frame whose mask is zero. */
static void send_broadcast(int fd)
{
    static const char frame[] = "\x81\x89\0\0\0\0broadcast";

    if (send(fd, frame, sizeof frame - 1, MSG_NOSIGNAL) != sizeof frame - 1)
        die("broadcasting");
}

/* Takes what has come of the one frame that is under way; whether it is whole now. */
static bool receive(crowd *c, size_t i)
{
    uint8_t bytes[256];
    ssize_t len = recv(c->clients[i].fd, bytes, sizeof bytes, 0);

    if (len < 2 && c->clients[i].missing == 0)
        die("a client was cut off"); /* the two bytes of a short frame's head come together */
    if (c->clients[i].missing == 0)
        c->clients[i].missing = 2 + (size_t)bytes[1];
    if (len <= 0 || (size_t)len > c->clients[i].missing)
        die("a client received what it should not");
    c->clients[i].missing -= (size_t)len;
    return c->clients[i].missing == 0;
}

static void await_all(crowd *c, uint64_t sent_ns)
{
    struct epoll_event events[EVENTS_MAX];

    for (size_t missing = c->count - 1; missing > 0;) {
        int ready = epoll_wait(c->epoll, events, EVENTS_MAX, PATIENCE_MS);

        if (ready <= 0)
            die("waiting for a broadcast");
        for (int i = 0; i < ready; i++) {
            if (!receive(c, events[i].data.u32))
                continue;
            note(c, clock_mono_ns() - sent_ns);
            missing--;
        }
    }
}

void crowd_run(crowd *c, uint64_t duration_ns)
{
    uint64_t end = clock_mono_ns() + duration_ns;

    c->latency_count = 0;
    c->broadcasts = 0;
    for (uint64_t now = 0; (now = clock_mono_ns()) < end || c->broadcasts == 0;) {
        send_broadcast(c->clients[0].fd);
        await_all(c, now);
        c->broadcasts++;
    }
}
