/* SPDX-License-Identifier: MIT */
/*
 * What is compared: ten ways to let many threads share a set of items, behind one table of
 * functions.
 *
 * Threads: each thread that uses a subject enters it first and leaves it last. All of add, remove,
 * look-up and traverse may run at the same time on any entered thread.
 */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include <semaphore.h>
#include <stdatomic.h>

#include "item.h"

typedef enum op_kind { OP_ADD, OP_REMOVE, OP_LOOKUP, OP_TRAVERSE, OP_STOP } op_kind;

/* One request. The measuring side makes adds and removes with due_ns; the rest is the actors'. */
typedef struct op {
    struct op *next;
    item *it;                    /* add, remove */
    uint64_t id;                 /* look-up; of the item for add and remove */
    uint64_t due_ns;             /* when it should have been done; the subject leaves it alone */
    _Atomic(uint64_t) x_done_ns; /* atomic: 0, then when it was done (clock_mono_ns()) */
    uint64_t value;              /* what a look-up read */
    walk *walk;                  /* traverse */
    sem_t *reply;                /* posted instead of x_done_ns, if not NULL */
    op_kind kind;
    bool good; /* whether it succeeded */
} op;

typedef struct subject {
    const char *name;
    size_t header; /* bytes that it needs in front of each item */

    /* Ends the process without memory. */
    void *(*create)(const struct subject *s);
    /* All items that are left are the caller's. Called from a thread that is not entered. */
    void (*destroy)(void *self);

    void (*enter)(void *self); /* NULL: nothing to do */
    void (*leave)(void *self); /* NULL: nothing to do */
    /* The thread uses nothing of the subject at this moment. NULL: nothing to do */
    void (*pause)(void *self);
    /* All items have been added; once, by a thread that is not entered. NULL: nothing to do */
    void (*filled)(void *self, size_t count);
    /* Waits for work in the background, on a thread that is not entered. NULL: there is none */
    void (*settle)(void *self);

    bool (*add)(void *self, item *it);
    /* The item is freed by the subject, at once or when nobody uses it any more. */
    bool (*remove)(void *self, item *it);
    /* False if there is no such item, else its value. */
    bool (*lookup)(void *self, uint64_t id, uint64_t *value);
    /* A look-up without any protection while nothing else is going on; NULL: not of interest */
    bool (*lookup_unlocked)(void *self, uint64_t id, uint64_t *value);
    void (*traverse)(void *self, walk *w);

    /* Starts an add or remove and returns; the op stays where it is until x_done_ns is set. NULL:
     * an add or remove is done when it returns */
    void (*submit)(void *self, op *o);
} subject;

extern const subject subject_mutex, subject_mutex_sliced, subject_rwlock, subject_sharded_mutex,
    subject_actor, subject_sharded_actor, subject_lfht_memb, subject_lfht_qsbr,
    subject_gracecast_memb, subject_gracecast_qsbr;

#endif
