/* SPDX-License-Identifier: MIT */
#include "house.h"

#include <arpa/inet.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "clock.h"
#include "net_internal.h"

enum { PATIENCE_MS = 10000 };

static void on_stopped(void *arg)
{
    house *h = arg;

    atomic_store(&h->x_empty, true);
}

static void on_configured(void *arg, const net_rules *rules)
{
    house *h = arg;

    cr_expect_eq(rules, atomic_load(&h->net.x_rules));
    atomic_fetch_add(&h->x_configured, 1);
}

/* Waits until it is true. */
static void await(const _Atomic(bool) *x_flag, const char *what)
{
    uint64_t give_up_ms = clock_mono_ms() + PATIENCE_MS;

    while (!atomic_load(x_flag)) {
        cr_assert_lt(clock_mono_ms(), give_up_ms, "in vain: %s", what);
        (void)sched_yield();
    }
}

void house_open(house *h, const http_route *routes, size_t count)
{
    char *argv[] = {"gracecast", NULL};
    char *envp[] = {NULL};
    config_report report = {0};
    net_listeners listeners = {0};
    net_address where = {.address = VIEW_LIT("127.0.0.1")};
    char error[256];

    *h = (house){0};
    cr_assert_eq(config_load(1, argv, envp, &h->cfg, &report), CONFIG_OK);
    config_report_fini(&report);
    h->rules.cfg = h->cfg;
    h->hub = hub_new(&(hub_opts){.workers = 1, .queue_max_bytes = 1 << 20, .sink = &net_sink});
    cr_assert_not_null(h->hub);
    h->net = (net_house){.cfg = h->cfg,
                         .x_rules = &h->rules,
                         .hub = h->hub,
                         .routes = {routes, count},
                         .max_connections = 100,
                         .on_step = on_stopped,
                         .on_configured = on_configured,
                         .arg = h};
    cr_assert(net_listen(&where, 1, &listeners, error, sizeof error), "%s", error);
    h->port = where.port;
    h->worker = net_worker_new(&h->net, 0, &listeners);
    cr_assert_not_null(h->worker);
    hub_thread_enter(h->hub);
    cr_assert(net_worker_start(h->worker));
}

typedef struct order {
    letter letter;
    void (*fn)(void);
    _Atomic(bool) x_done;
} order;

static void open_order(letter *l)
{
    order *o = (order *)l;

    o->fn();
    atomic_store(&o->x_done, true);
}

void house_do(house *h, void (*fn)(void))
{
    order o = {.letter.open = open_order, .fn = fn};

    mailbox_post(hub_worker_mailbox(h->worker->hub), &o.letter);
    await(&o.x_done, "the worker opens a letter");
}

void house_await_connections(house *h, uint32_t count)
{
    uint64_t give_up_ms = clock_mono_ms() + PATIENCE_MS;

    while (atomic_load(&h->net.x_connections) != count) {
        cr_assert_lt(clock_mono_ms(), give_up_ms, "%u connections instead of %u",
                     atomic_load(&h->net.x_connections), count);
        (void)sched_yield();
    }
}

void house_stop(house *h)
{
    net_worker_stop(h->worker);
}

void house_close(house *h)
{
    await(&h->x_empty, "the worker stops");
    cr_assert_eq(atomic_load(&h->net.x_connections), 0);
    hub_barrier(h->hub);
    net_worker_exit(h->worker);
    net_worker_join(h->worker);
    hub_thread_leave(h->hub);
    hub_free(h->hub);
    config_free(h->cfg);
}

int house_dial(const house *h)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_port = htons((uint16_t)h->port);
    cr_assert_geq(fd, 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

void house_say(int fd, const char *bytes)
{
    cr_assert_eq(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), (ssize_t)strlen(bytes));
}

void house_expect(int fd, const char *expected)
{
    char got[4096] = "";
    size_t len = strlen(expected);
    size_t count = 0;

    cr_assert_lt(len, sizeof got);
    while (count < len) {
        ssize_t more = recv(fd, got + count, len - count, 0);

        cr_assert_gt(more, 0, "only %s", got);
        count += (size_t)more;
    }
    cr_assert_str_eq(got, expected);
}

void house_expect_end(int fd)
{
    char byte;

    cr_assert_eq(recv(fd, &byte, 1, 0), 0);
    (void)close(fd);
}
