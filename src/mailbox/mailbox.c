/* SPDX-License-Identifier: MIT */
#include "mailbox.h"

#include "list.h"
#include "tsan.h"

void mailbox_init(mailbox *m, void (*wake)(void *arg), void *arg)
{
    cds_wfcq_init(&m->head, &m->tail);
    m->wake = wake;
    m->arg = arg;
}

void mailbox_post(mailbox *m, letter *l)
{
    cds_wfcq_node_init(&l->node);
    /*
     * ORDER  the letter's content, and all the poster did before -> open() on the owner's thread.
     * PAIRS  the splice in mailbox_drain(); liburcu documents the exchange as a full barrier.
     * ELSE   the owner could open a letter whose content has not arrived yet.
     *
     * Told to ThreadSanitizer, which does not see into liburcu.
     *
     * Only the first letter wakes: the owner takes all there are, and a letter that comes after its
     * splice finds the box empty again.
     */
    gcasti_tsan_release(m);
    if (!cds_wfcq_enqueue(&m->head, &m->tail, &l->node))
        m->wake(m->arg);
}

bool mailbox_empty(mailbox *m)
{
    return cds_wfcq_empty(&m->head, &m->tail);
}

size_t mailbox_drain(mailbox *m)
{
    struct cds_wfcq_head head;
    struct cds_wfcq_tail tail;
    struct cds_wfcq_node *node;
    size_t count = 0;

    cds_wfcq_init(&head, &tail);
    /* PAIRS the enqueue in mailbox_post(). "Blocking" waits only for a poster that is between its
     * exchange and the store that follows it. */
    (void)__cds_wfcq_splice_blocking(&head, &tail, &m->head, &m->tail);
    gcasti_tsan_acquire(m);
    while ((node = __cds_wfcq_dequeue_blocking(&head, &tail)) != NULL) {
        letter *l = container_of(node, letter, node);

        l->open(l);
        count++;
    }
    return count;
}
