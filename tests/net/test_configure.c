/* SPDX-License-Identifier: MIT */
/* A worker goes over to another configuration between two events. */
#include <sched.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "house.h"
#include "net_internal.h"

static house h;
static const config *seen;
static _Atomic(bool) x_inside;
static _Atomic(bool) x_may_return;

static void look(void)
{
    seen = worker_config(h.worker);
}

/* An event that takes its time. */
static void handle_slowly(void *arg, http_exchange *x)
{
    const config *before = worker_config(h.worker);

    (void)arg;
    atomic_store(&x_inside, true);
    while (!atomic_load(&x_may_return))
        (void)sched_yield();
    cr_expect_eq(worker_config(h.worker), before, "changed under the handler");
    x->reply(x, &(http_response){.status = 200, .body = VIEW_LIT("done")});
}

static const http_route routes[] = {{.path = VIEW_LIT("/slow"), .handle = handle_slowly}};

static void setup(void)
{
    house_open(&h, routes, 1);
}

TestSuite(net_configure, .init = setup, .timeout = 30);

static void await_configured(unsigned count)
{
    while (atomic_load(&h.x_configured) < count) /* Criterion's limit ends it */
        (void)usleep(100);
}

static void stop(void)
{
    house_stop(&h);
    house_close(&h);
}

Test(net_configure, the_worker_goes_by_what_it_was_told_last)
{
    config cfg = *h.cfg;
    net_rules next = {.cfg = &cfg};

    house_do(&h, look);
    cr_assert_eq(seen, h.cfg);
    atomic_store(&h.net.x_rules, &next);
    house_do(&h, look);
    cr_assert_eq(seen, h.cfg, "before it was told");
    net_worker_configure(h.worker);
    await_configured(1);
    house_do(&h, look);
    cr_assert_eq(seen, &cfg);
    stop();
}

Test(net_configure, the_old_one_is_given_up_after_the_event_under_way)
{
    config cfg = *h.cfg;
    net_rules next = {.cfg = &cfg};
    int fd = house_dial(&h);

    house_say(fd, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!atomic_load(&x_inside))
        (void)sched_yield();
    atomic_store(&h.net.x_rules, &next);
    net_worker_configure(h.worker);
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(atomic_load(&h.x_configured), 0, "the handler still uses the old one");
        (void)usleep(1000);
    }
    atomic_store(&x_may_return, true);
    await_configured(1);
    (void)close(fd);
    stop();
}
