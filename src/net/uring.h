/* SPDX-License-Identifier: MIT */
/*
 * Many sends in one system call, through io_uring (io_uring_enter(2)).
 *
 * Sends are marked MSG_DONTWAIT, so the kernel completes each of them, or refuses it with EAGAIN,
 * within the call that submits them: none is under way afterwards, no buffer has to outlive the
 * call, and a socket that is full or broken is the business of whoever sends, as with send(2).
 */
#ifndef NET_URING_H
#define NET_URING_H

#include <limits.h>
#include <stdbool.h>
#include <sys/uio.h>

enum { URING_SENDS = 128 };

typedef struct uring uring;

typedef struct uring_send {
    int fd;
    const struct iovec *iov;
    int count;
    int result; /* out: bytes that the socket took, -errno, or URING_UNSENT */
} uring_send;

/* The ring went out of order before this one's turn: it was not tried. */
enum { URING_UNSENT = INT_MIN };

/* Sends a byte through a ring. NULL: that works here. Else why not: this kernel, what confines the
 * process, or the way this program was built. Good for ever, or until the next call. */
const char *uring_problem(void);

/* NULL: out of memory or descriptors. Any thread. */
uring *uring_new(void);

/* The thread that calls is the only one that sends through u from now on; once. */
bool uring_adopt(uring *u);

/* Any thread. uring_free(NULL) is harmless. */
void uring_free(uring *u);

/* Tries each of up to URING_SENDS sends, in their order. Raises no SIGPIPE. false: the ring is out of
 * order, and is good for nothing but uring_free(). */
bool uring_send_all(uring *u, uring_send *sends, unsigned count);

#endif
