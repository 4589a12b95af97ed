/* SPDX-License-Identifier: MIT */
/* What becomes of many writes at once, with a ring and without one: the same. */
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "net_internal.h"

enum { CONNS = 5 };

typedef enum ring_kind {
    NO_RING,
    RING,
    DISABLED_RING, /* every submission fails */
} ring_kind;

typedef struct scene {
    net_house house;
    net_worker *worker;
    net_conn *conns[CONNS];
    int peers[CONNS];
} scene;

static void scene_open(scene *s, ring_kind kind)
{
    *s = (scene){0};
    s->house.hub = hub_new(&(hub_opts){.workers = 1, .queue_max_bytes = 1000, .sink = &net_sink});
    s->worker = calloc(1, sizeof *s->worker);
    cr_assert(s->house.hub != NULL && s->worker != NULL);
    hub_thread_enter(s->house.hub);
    s->worker->house = &s->house;
    s->worker->hub = hub_worker_init(s->house.hub, 0, s->worker);
    wheel_init(&s->worker->wheel, 0, TICK_MS);
    if (kind != NO_RING)
        s->worker->ring = uring_new();
    if (kind == RING)
        worker_adopt_ring(s->worker);
    if (kind == DISABLED_RING) /* as if it had been adopted */
        metric_add(&worker_metrics(s->worker)->x_io_uring_workers, 1);
    for (int i = 0; i < CONNS; i++) {
        int fds[2];
        net_conn *c = calloc(1, sizeof *c);

        cr_assert_not_null(c);
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        c->worker = s->worker;
        c->phase = CONN_WS;
        c->fd = fds[0];
        s->peers[i] = fds[1];
        hub_conn_init(&c->client.conn, s->worker->hub);
        wheel_item_init(&c->timer);
        s->conns[i] = c;
    }
}

static void scene_close(scene *s)
{
    for (int i = 0; i < CONNS; i++) {
        wheel_clear(&s->conns[i]->timer);
        (void)close(s->conns[i]->fd);
        (void)close(s->peers[i]);
        free(s->conns[i]);
    }
    uring_free(s->worker->ring);
    free(s->worker);
    hub_thread_leave(s->house.hub);
    hub_free(s->house.hub);
}

/* Leaves no room in it. */
static void fill(int fd)
{
    static const char bytes[4096];

    while (send(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        continue;
    while (send(fd, bytes, 1, MSG_DONTWAIT) > 0)
        continue;
}

static void check_writes(ring_kind kind)
{
    scene s;
    struct iovec one = {(char[]){"one"}, 3};
    struct iovec two[] = {{(char[]){"one"}, 3}, {(char[]){"two"}, 3}};
    static const ssize_t expected[CONNS] = {3, 6, 0, -1, -1};
    hub_write writes[CONNS];
    char text[8] = {0};

    scene_open(&s, kind);
    for (int i = 0; i < CONNS; i++)
        writes[i] = (hub_write){.conn = &s.conns[i]->client.conn, .iov = &one, .count = 1};
    writes[1].iov = two;
    writes[1].count = 2;
    fill(s.conns[2]->fd);
    (void)shutdown(s.conns[3]->fd, SHUT_RDWR);
    s.conns[4]->phase = CONN_DEAD;
    worker_write_many(s.worker, writes, CONNS);

    for (int i = 0; i < CONNS; i++)
        cr_assert_eq(writes[i].written, expected[i], "%d: %zd", i, writes[i].written);
    cr_assert_eq(recv(s.peers[0], text, sizeof text, 0), 3);
    cr_assert_arr_eq(text, "one", 3);
    cr_assert_eq(recv(s.peers[1], text, sizeof text, 0), 6);
    cr_assert_arr_eq(text, "onetwo", 6);
    cr_assert_eq(recv(s.peers[4], text, sizeof text, 0), -1);
    cr_assert(s.conns[3]->broken && !s.conns[2]->broken && !s.conns[4]->broken);

    const metrics *m = worker_metrics(s.worker);

    cr_assert_eq(atomic_load(&m->x_write_calls), 2);
    cr_assert_eq(atomic_load(&m->x_bytes_sent), 9);
    cr_assert_eq(s.worker->ring != NULL, kind == RING);
    cr_assert_eq(atomic_load(&m->x_io_uring_workers), kind == RING ? 1 : 0);
    scene_close(&s);
}

Test(net_write_many, one_by_one)
{
    check_writes(NO_RING);
}

Test(net_write_many, through_a_ring)
{
    if (uring_problem() != NULL)
        cr_skip_test("no io_uring");
    check_writes(RING);
}

Test(net_write_many, a_ring_that_fails_is_given_up_and_all_is_sent_one_by_one)
{
    if (uring_problem() != NULL)
        cr_skip_test("no io_uring");
    log_set_level(LOG_LEVEL_NONE);
    check_writes(DISABLED_RING);
}
