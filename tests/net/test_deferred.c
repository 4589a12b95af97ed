/* SPDX-License-Identifier: MIT */
/* Requests that a handler answers after it has returned. */
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "failing_alloc.h"
#include "house.h"

/* All of this is touched on the worker's thread only, but for the count. */
static http_exchange *waiting;
static _Atomic(unsigned) x_deferred;

/* Answers with the request's path and body, which therefore have to be there still. */
static void echo(http_exchange *x)
{
    buf body = {0};

    buf_append_view(&body, x->request->path);
    buf_append_char(&body, ' ');
    buf_append_view(&body, x->request->body);
    x->reply(x, &(http_response){.status = 200, .body = buf_view(&body)});
    buf_fini(&body);
}

static void answer_now(void *arg, http_exchange *x)
{
    (void)arg;
    echo(x);
}

static void answer_later(void *arg, http_exchange *x)
{
    (void)arg;
    waiting = http_exchange_defer(x);
    cr_assert_not_null(waiting);
    atomic_fetch_add(&x_deferred, 1);
}

/* Defers, and has the answer before it returns. */
static void answer_early(void *arg, http_exchange *x)
{
    (void)arg;
    echo(http_exchange_defer(x));
}

static void defer_without_memory(void *arg, http_exchange *x)
{
    (void)arg;
    failing_alloc_arm(0);
    cr_assert_null(http_exchange_defer(x));
    cr_assert(failing_alloc_disarm());
    echo(x);
}

static void answer_waiting(void)
{
    http_exchange *x = waiting;

    waiting = NULL;
    echo(x); /* the next request may be deferred in here */
}

static const http_route routes[] = {
    {.path = VIEW_LIT("/now"), .handle = answer_now},
    {.path = VIEW_LIT("/later"), .handle = answer_later},
    {.path = VIEW_LIT("/early"), .handle = answer_early},
    {.path = VIEW_LIT("/poor"), .handle = defer_without_memory},
};

static house h;

static void setup(void)
{
    house_open(&h, routes, sizeof routes / sizeof *routes);
}

TestSuite(net_deferred, .init = setup);

static void stop(void)
{
    house_stop(&h);
    house_close(&h);
}

static void await_deferred(unsigned count)
{
    while (atomic_load(&x_deferred) < count) /* Criterion's limit ends it */
        (void)usleep(100);
}

#define HEAD(length)                                                                      \
    "HTTP/1.1 200 OK\r\nServer: Gracecast\r\nContent-Type: text/plain; charset=utf-8\r\n" \
    "Content-Length: " length "\r\n"

Test(net_deferred, the_answer_comes_when_it_is_there, .timeout = 30)
{
    int fd = house_dial(&h);

    house_say(fd, "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    await_deferred(1);
    house_do(&h, answer_waiting);
    house_expect(fd, HEAD("10") "\r\n/later abc");
    (void)close(fd);
    stop();
}

Test(net_deferred, requests_behind_it_wait_their_turn, .timeout = 30)
{
    int fd = house_dial(&h);

    house_say(fd, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n"
                  "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1"
                  "POST /now HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n2"
                  "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n3");
    house_expect(fd, HEAD("5") "\r\n/now ");
    await_deferred(1);
    house_say(fd, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    house_do(&h, answer_waiting);
    house_expect(fd, HEAD("8") "\r\n/later 1" HEAD("6") "\r\n/now 2");
    await_deferred(2);
    house_do(&h, answer_waiting);
    house_expect(fd, HEAD("8") "\r\n/later 3" HEAD("5") "\r\n/now ");
    (void)close(fd);
    stop();
}

Test(net_deferred, many_bytes_behind_it_are_left_in_the_socket, .timeout = 30)
{
    enum { COUNT = 20000 };
    static const char request[] = "GET /now HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = house_dial(&h);
    buf crowd = {0};

    house_say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < COUNT; i++)
        buf_append_lit(&crowd, request);
    buf_append_char(&crowd, '\0');

    pid_t writer = fork();

    cr_assert_geq(writer, 0);
    if (writer == 0) {
        house_say(fd, crowd.data);
        _exit(0);
    }
    await_deferred(1);
    house_do(&h, answer_waiting);
    house_expect(fd, HEAD("7") "\r\n/later ");
    for (int i = 0; i < COUNT; i++)
        house_expect(fd, HEAD("5") "\r\n/now ");
    buf_fini(&crowd);
    (void)close(fd);
    stop();
}

Test(net_deferred, an_answer_before_the_handler_returns_is_one_answer, .timeout = 30)
{
    int fd = house_dial(&h);

    house_say(fd, "GET /early HTTP/1.1\r\nHost: x\r\n\r\nGET /early HTTP/1.1\r\nHost: x\r\n"
                  "Connection: close\r\n\r\n");
    house_expect(fd, HEAD("7") "\r\n/early " HEAD("7") "Connection: close\r\n\r\n/early ");
    house_expect_end(fd);
    stop();
}

Test(net_deferred, without_memory_the_handler_answers_at_once, .timeout = 30)
{
    int fd = house_dial(&h);

    house_say(fd, "GET /poor HTTP/1.1\r\nHost: x\r\n\r\n");
    house_expect(fd, HEAD("6") "\r\n/poor ");
    (void)close(fd);
    stop();
}

Test(net_deferred, the_peer_may_be_gone_when_it_is_answered, .timeout = 30)
{
    struct linger reset = {.l_onoff = 1};
    int fd = house_dial(&h);

    house_say(fd, "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    await_deferred(1);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    (void)close(fd);
    house_await_connections(&h, 0);
    house_do(&h, answer_waiting);
    stop();
}

Test(net_deferred, a_peer_that_has_finished_sending_gets_its_answer, .timeout = 30)
{
    int fd = house_dial(&h);

    house_say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    cr_assert_eq(shutdown(fd, SHUT_WR), 0);
    await_deferred(1);
    house_do(&h, answer_waiting);
    house_expect(fd, HEAD("7") "\r\n/later ");
    house_expect_end(fd);
    stop();
}

Test(net_deferred, a_stop_waits_for_the_answer, .timeout = 30)
{
    int fd = house_dial(&h);
    int idle = house_dial(&h);

    house_say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    await_deferred(1);
    house_await_connections(&h, 2);
    house_stop(&h);
    house_expect_end(idle);
    house_do(&h, answer_waiting);
    house_expect(fd, HEAD("7") "\r\n/later ");
    house_expect_end(fd);
    house_close(&h);
}

static void do_nothing(void)
{
}

Test(net_deferred, a_worker_stays_until_nothing_is_pending, .timeout = 30)
{
    int fd = house_dial(&h);

    house_say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    await_deferred(1);
    house_stop(&h);
    net_worker_drop(h.worker);
    house_await_connections(&h, 0);
    for (int i = 0; i < 50;
         i++) { /* five ticks and more, at each of which it could say that it is empty */
        house_do(&h, do_nothing);
        (void)usleep(10000);
    }
    cr_assert_not(atomic_load(&h.x_empty), "the exchange would be answered to nobody's memory");
    house_do(&h, answer_waiting);
    house_close(&h);
    (void)close(fd);
}
