/* SPDX-License-Identifier: MIT */
#include "uring.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct uring {
    struct io_uring ring;
    struct msghdr messages[URING_SENDS]; /* of sends with more than one piece */
};

/* One thread submits, and only it runs what completion needs (Linux 6.1). One send that fails does not
 * keep the others from being submitted. The thread that will send enables the ring. */
static const unsigned flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                              IORING_SETUP_SUBMIT_ALL | IORING_SETUP_R_DISABLED;

uring *uring_new(void)
{
    uring *u = calloc(1, sizeof *u);

    if (u == NULL)
        return NULL;

    int err = io_uring_queue_init(URING_SENDS, &u->ring, flags);

    if (err == 0)
        return u;
    free(u);
    errno = -err;
    return NULL;
}

bool uring_adopt(uring *u)
{
    /* io_uring_enable_rings() by hand: liburing 2.3 does not export it */
    return syscall(SYS_io_uring_register, u->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0) ==
           0;
}

void uring_free(uring *u)
{
    if (u == NULL)
        return;
    io_uring_queue_exit(&u->ring);
    free(u);
}

/* There is room: whatever is queued is submitted before the next call, or the ring is given up. */
static void queue(uring *u, const uring_send *s, unsigned index)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
    struct msghdr *m = &u->messages[index];
    int how = MSG_DONTWAIT | MSG_NOSIGNAL;

    if (s->count == 1) {
        io_uring_prep_send(sqe, s->fd, s->iov->iov_base, s->iov->iov_len, how);
    } else {
        *m = (struct msghdr){.msg_iov = (struct iovec *)s->iov, .msg_iovlen = (size_t)s->count};
        io_uring_prep_sendmsg(sqe, s->fd, m, (unsigned)how);
    }
    io_uring_sqe_set_data64(sqe, index);
}

/* Notes what has completed; returns how many. */
static unsigned reap(uring *u, uring_send *sends)
{
    struct io_uring_cqe *cqe = NULL;
    unsigned count = 0;
    unsigned head = 0;

    io_uring_for_each_cqe(&u->ring, head, cqe)
    {
        sends[cqe->user_data].result = cqe->res;
        count++;
    }
    io_uring_cq_advance(&u->ring, count);
    return count;
}

bool uring_send_all(uring *u, uring_send *sends, unsigned count)
{
    unsigned done = 0;

    for (unsigned i = 0; i < count; i++) {
        sends[i].result = URING_UNSENT;
        queue(u, &sends[i], i);
    }
    while (done < count) {
        int err = io_uring_submit_and_wait(&u->ring, count - done);

        done += reap(u, sends);
        if (err < 0 && err != -EINTR)
            return done == count;
    }
    return true;
}

/* ---- does it work here? ---- */

/* 0, or an errno */
static int send_a_byte(uring *u, int fd)
{
    char byte = 0;
    struct iovec iov = {&byte, 1};
    uring_send one = {.fd = fd, .iov = &iov, .count = 1};

    if (!uring_adopt(u) || !uring_send_all(u, &one, 1))
        return errno == 0 ? EIO : errno;
    return one.result < 0 ? -one.result : 0;
}

const char *uring_problem(void)
{
    int pair[2];
    int err = 0;
    uring *u = NULL;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return strerror(errno);
    errno = 0;
    u = uring_new();
    err = u == NULL ? errno : send_a_byte(u, pair[0]);
    uring_free(u);
    (void)close(pair[0]);
    (void)close(pair[1]);
    return err == 0 ? NULL : strerror(err);
}
