/* SPDX-License-Identifier: MIT */
/* Writing to many connections of a worker in one system call, as long as it has a ring. */
#include <errno.h>
#include <string.h>

#include "net_internal.h"

/* For fewer, one call each is cheaper: docs/adr/0005-io_uring.md. */
enum { RING_FROM = 3 };

static_assert((int)HUB_WRITES <= (int)URING_SENDS, "what the hub gathers fits into one submission");

static void count_rings(net_worker *w, bool up)
{
    if (up)
        metric_add(&worker_metrics(w)->x_io_uring_workers, 1);
    else
        metric_sub(&worker_metrics(w)->x_io_uring_workers, 1);
}

void worker_adopt_ring(net_worker *w)
{
    if (w->ring == NULL)
        return;
    if (uring_adopt(w->ring)) {
        count_rings(w, true);
        return;
    }
    log_error("NET-IO-URING", "adopted=no error=\"%s\"", strerror(errno));
    uring_free(w->ring);
    w->ring = NULL;
}

static void give_ring_up(net_worker *w)
{
    log_error("NET-IO-URING", "%s",
              "error=\"a submission failed; this worker sends one by one now\"");
    uring_free(w->ring);
    w->ring = NULL;
    count_rings(w, false);
}

static void write_each(hub_write *writes, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        writes[i].written = conn_write(conn_of(writes[i].conn), writes[i].iov, writes[i].count);
}

void worker_write_many(void *arg, hub_write *writes, unsigned count)
{
    net_worker *w = arg;
    uring_send sends[URING_SENDS];
    hub_write *of[URING_SENDS]; /* whose send it is */
    unsigned queued = 0;

    if (w->ring == NULL || count < RING_FROM) {
        write_each(writes, count);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        const net_conn *c = conn_of(writes[i].conn);

        writes[i].written = -1;
        if (c->broken || c->phase == CONN_DEAD)
            continue;
        of[queued] = &writes[i];
        sends[queued++] = (uring_send){.fd = c->fd, .iov = writes[i].iov, .count = writes[i].count};
    }
    if (!uring_send_all(w->ring, sends, queued))
        give_ring_up(w);
    for (unsigned i = 0; i < queued; i++) {
        if (sends[i].result == URING_UNSENT)
            write_each(of[i], 1);
        else
            of[i]->written = conn_wrote(conn_of(of[i]->conn), sends[i].result);
    }
}
