/* SPDX-License-Identifier: MIT */
/*
 * The letter box of one worker: any thread posts, only the owner opens. Posting is wait-free (one
 * atomic exchange, liburcu's wfcqueue) and letters are opened in the order in which they were
 * posted, which everything that must be in order relies on.
 */
#ifndef MAILBOX_MAILBOX_H
#define MAILBOX_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

#include <urcu/wfcqueue.h>

/* Embedded in whatever is sent. The poster allocates it, open() disposes of it. */
typedef struct letter {
    struct cds_wfcq_node node;
    /* On the owner's thread, exactly once. The letter is open()'s to free or to post again. */
    void (*open)(struct letter *l);
} letter;

typedef struct mailbox {
    struct cds_wfcq_tail tail; /* posters; apart from head, so that they do not disturb the owner */
    char pad[64];
    struct cds_wfcq_head head; /* owner */
    /* Makes the owner call mailbox_drain() soon; any thread, must not block. */
    void (*wake)(void *arg);
    void *arg;
} mailbox;

void mailbox_init(mailbox *m, void (*wake)(void *arg), void *arg);

/* Any thread, wait-free. Wakes the owner only if the box was empty. The letter belongs to the box
 * until it is opened. */
void mailbox_post(mailbox *m, letter *l);

/*
 * Owner only. Opens the letters that are there now, not those that arrive meanwhile, so that a turn
 * has an end; these wake the owner again. Returns how many it opened.
 */
size_t mailbox_drain(mailbox *m);

/* Owner only. true: there is no letter to open. */
bool mailbox_empty(mailbox *m);

#endif
