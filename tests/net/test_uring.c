/* SPDX-License-Identifier: MIT */
/* Sends through a ring; each test is left out where io_uring does not work. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "no_io_uring.h"
#include "uring.h"

static uring *u;

static void setup(void)
{
    const char *problem = uring_problem();

    if (problem != NULL)
        cr_skip_test("no io_uring: %s", problem);
    u = uring_new();
    cr_assert_not_null(u);
    cr_assert(uring_adopt(u));
}

static void teardown(void)
{
    uring_free(u);
}

TestSuite(net_uring, .init = setup, .fini = teardown);

typedef struct pair {
    int ours;
    int theirs;
} pair;

static pair pair_open(void)
{
    int fds[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    return (pair){fds[0], fds[1]};
}

static void pair_close(pair p)
{
    (void)close(p.ours);
    (void)close(p.theirs);
}

static struct iovec piece(const char *text)
{
    return (struct iovec){(char *)(uintptr_t)text, strlen(text)};
}

/* Takes what `fd` has; what it says next is that it has nothing more. */
static void must_receive(int fd, const char *expected)
{
    char text[64];
    ssize_t len = recv(fd, text, sizeof text - 1, 0);

    cr_assert_geq(len, 0, "%s", strerror(errno));
    text[len] = '\0';
    cr_assert_str_eq(text, expected);
    cr_assert_eq(recv(fd, text, sizeof text, 0), -1);
}

Test(net_uring, each_socket_gets_its_own_again_and_again)
{
    pair pairs[URING_SENDS];
    char texts[URING_SENDS][16];
    struct iovec pieces[URING_SENDS];
    uring_send sends[URING_SENDS];

    for (int i = 0; i < URING_SENDS; i++) {
        pairs[i] = pair_open();
        (void)snprintf(texts[i], sizeof texts[i], "message %d", i);
        pieces[i] = piece(texts[i]);
        sends[i] = (uring_send){.fd = pairs[i].ours, .iov = &pieces[i], .count = 1};
    }
    for (int round = 0; round < 5; round++) {
        cr_assert(uring_send_all(u, sends, URING_SENDS));
        for (int i = 0; i < URING_SENDS; i++) {
            cr_assert_eq(sends[i].result, (int)strlen(texts[i]));
            must_receive(pairs[i].theirs, texts[i]);
        }
    }
    for (int i = 0; i < URING_SENDS; i++)
        pair_close(pairs[i]);
}

Test(net_uring, pieces_arrive_as_one_run_of_bytes)
{
    pair p = pair_open();
    struct iovec pieces[] = {piece("one, "), piece("two, "), piece("three")};
    uring_send send = {.fd = p.ours, .iov = pieces, .count = 3};

    cr_assert(uring_send_all(u, &send, 1));
    cr_assert_eq(send.result, 15);
    must_receive(p.theirs, "one, two, three");
    pair_close(p);
}

/* Sends until the socket takes nothing; returns what it took. */
static size_t fill(int fd)
{
    static char bytes[1 << 20];
    struct iovec pieces[] = {{bytes, sizeof bytes / 2}, {bytes, sizeof bytes / 2}};
    uring_send send = {.fd = fd, .iov = pieces, .count = 2};
    size_t taken = 0;

    do {
        cr_assert(uring_send_all(u, &send, 1));
        taken += send.result > 0 ? (size_t)send.result : 0;
    } while (send.result > 0);
    cr_assert_eq(send.result, -EAGAIN);
    return taken;
}

Test(net_uring, a_full_socket_takes_a_part_then_nothing_and_is_not_waited_for)
{
    static char bytes[1 << 16];
    pair p = pair_open();
    size_t taken = fill(p.ours);
    size_t seen = 0;
    ssize_t len = 0;

    cr_assert(taken > 0);
    while ((len = recv(p.theirs, bytes, sizeof bytes, 0)) > 0)
        seen += (size_t)len;
    cr_assert_eq(seen, taken, "%zu bytes were taken and %zu arrived", taken, seen);
    pair_close(p);
}

Test(net_uring, one_that_fails_keeps_no_other_from_being_sent)
{
    pair gone = pair_open();
    pair fine = pair_open();
    struct iovec text = piece("text");
    uring_send sends[] = {
        {.fd = -1, .iov = &text, .count = 1},
        {.fd = gone.ours, .iov = &text, .count = 1},
        {.fd = fine.ours, .iov = &text, .count = 1},
    };

    (void)close(gone.theirs);
    cr_assert(uring_send_all(u, sends, 3));
    cr_assert_eq(sends[0].result, -EBADF);
    cr_assert_eq(sends[1].result, -EPIPE); /* and no signal has ended this process */
    cr_assert_eq(sends[2].result, 4);
    must_receive(fine.theirs, "text");
    (void)close(gone.ours);
    pair_close(fine);
}

Test(net_uring, a_ring_that_is_out_of_order_says_so_and_sends_nothing)
{
    pair p = pair_open();
    struct iovec text = piece("text");
    uring_send sends[] = {{.fd = p.ours, .iov = &text, .count = 1},
                          {.fd = p.ours, .iov = &text, .count = 1}};
    uring *nobodys = uring_new();

    cr_assert_not_null(nobodys); /* and not adopted by any thread */
    cr_assert_not(uring_send_all(nobodys, sends, 2));
    cr_assert_eq(sends[0].result, URING_UNSENT);
    cr_assert_eq(sends[1].result, URING_UNSENT);
    uring_free(nobodys);
    cr_assert_eq(recv(p.theirs, &text, 1, 0), -1);
    pair_close(p);
}

Test(net_uring, where_it_is_forbidden_the_problem_has_a_name)
{
    cr_assert(no_io_uring());
    cr_assert_str_eq(uring_problem(), strerror(EPERM));
    cr_assert_null(uring_new());
    cr_assert_eq(errno, EPERM);
}
