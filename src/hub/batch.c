/* SPDX-License-Identifier: MIT */
/*
 * Writing to many connections at once, for a transport that can: io_uring sends a hundred runs of bytes
 * in one system call.
 *
 * What is due to a connection is taken off it and noted here; worker_flush() hands all that is noted
 * over, and what a socket did not take goes to the connection's outbox as ever. Nothing else happens
 * on the worker in between, so the items that are noted stay where they are.
 */
#include <stdlib.h>

#include "hub_internal.h"

enum { BATCH_PIECES = 1024 };

struct write_batch {
    unsigned count;
    unsigned pieces;
    hub_write writes[HUB_WRITES];
    uint32_t first[HUB_WRITES]; /* of each: the item that it begins with */
    struct iovec iov[BATCH_PIECES];
};

bool hub_worker_write_many(hub_worker *w)
{
    w->batch = calloc(1, sizeof *w->batch);
    return w->batch != NULL;
}

/* Notes all that is due to c. false: too much for one call; nothing was done. */
static bool note(write_batch *b, hub_conn *c)
{
    const due *items = c->worker->due.items;
    struct iovec *iov = &b->iov[b->pieces];
    int count = 0;

    for (uint32_t at = c->due_first; at != 0; at = items[at].next) {
        if (count == WRITE_FRAMES)
            return false;
        iov[count++] = (struct iovec){items[at].frame->data, items[at].frame->len};
    }
    b->writes[b->count] = (hub_write){.conn = c, .iov = iov, .count = count};
    b->first[b->count] = c->due_first;
    b->count++;
    b->pieces += (unsigned)count;
    conn_drop_due(c);
    return true;
}

void worker_flush(hub_worker *w)
{
    write_batch *b = w->batch;

    if (b == NULL || b->count == 0)
        return;
    w->hub->opts.sink->write_many(w->wake_arg, b->writes, b->count);
    for (unsigned i = 0; i < b->count; i++) {
        const hub_write *done = &b->writes[i];

        if (done->written >= 0)
            conn_keep_due(done->conn, b->first[i], done->count, (size_t)done->written);
    }
    b->count = 0;
    b->pieces = 0;
}

void worker_serve(hub_worker *w, hub_conn *c)
{
    write_batch *b = w->batch;

    if (b == NULL || c->outbox != NULL || !note(b, c))
        conn_serve(c);
    else if (b->count == HUB_WRITES || b->pieces > BATCH_PIECES - WRITE_FRAMES)
        worker_flush(w);
}
