/* SPDX-License-Identifier: MIT */
#include "prober.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

/* Leaves with a reset, so that thousands of ports do not linger. */
static void leave(int fd)
{
    const struct linger reset = {.l_onoff = 1};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    (void)close(fd);
}

static void sleep_until(uint64_t due_ns)
{
    struct timespec due = {.tv_sec = (time_t)(due_ns / 1000000000U),
                           .tv_nsec = (long)(due_ns % 1000000000U)};

    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

static void *run(void *arg)
{
    prober *p = arg;
    uint64_t due = clock_mono_ns();

    /* relaxed: see prober.h */
    while (!atomic_load_explicit(&p->x_stop, memory_order_relaxed) && p->count < PROBES_MAX) {
        int fd = -1;

        due += PROBE_EVERY_NS;
        sleep_until(due);
        fd = server_join(p->server);
        if (fd < 0) {
            (void)fprintf(stderr, "bench-models: probing: %s\n", strerror(errno));
            exit(1);
        }
        p->latencies[p->count++] = clock_mono_ns() - due;
        leave(fd);
    }
    return NULL;
}

void prober_start(prober *p, const server *s)
{
    p->server = s;
    p->count = 0;
    atomic_init(&p->x_stop, false);
    if (pthread_create(&p->thread, NULL, run, p) != 0)
        abort();
}

void prober_stop(prober *p)
{
    atomic_store_explicit(&p->x_stop, true, memory_order_relaxed);
    (void)pthread_join(p->thread, NULL);
}
