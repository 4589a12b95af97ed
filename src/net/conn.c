/* SPDX-License-Identifier: MIT */
/*
 * One TCP connection: reading, writing, deadlines, and its end.
 *
 * Life: conn_start() -> phases (net_internal.h) -> conn_end(): out of the hub's registry and
 * groups, the poll handle is closed, then hub_conn_release(), a grace period, the farewell letter,
 * and conn_released() frees the memory. conn_end() is the only way out and may be called from
 * anywhere on the owner's thread; whoever calls something that may end a connection looks at
 * `phase` afterwards.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "net_internal.h"
#include "peer.h"

/* ---- the end ---- */

static void on_poll_closed(uv_handle_t *handle)
{
    net_conn *c = handle->data;

    hub_conn_release(&c->client.conn);
}

/* The hub's word that nobody can name the connection any more. */
static void conn_released(hub_conn *hc)
{
    net_conn *c = conn_of(hc);
    net_worker *w = c->worker;

    free(c);
    w->conn_count--;
}

void conn_end(net_conn *c)
{
    net_worker *w = c->worker;

    if (c->phase == CONN_DEAD)
        return;
    c->phase = CONN_DEAD;
    hub_conn_leave(&c->client.conn);
    wheel_clear(&c->timer);
    http_side_free(c);
    ws_side_free(c);
    uv_close((uv_handle_t *)&c->poll, on_poll_closed);
    (void)close(c->fd); /* libuv lets go of a polled descriptor in uv_close() */
    metric_sub(&worker_metrics(w)->x_num_connections, 1);
    /* relaxed: a limit that is passed by a few is as good */
    atomic_fetch_sub_explicit(&w->house->x_connections, 1, memory_order_relaxed);
}

void conn_linger(net_conn *c)
{
    if (c->phase == CONN_DEAD || c->phase == CONN_LINGER)
        return;
    c->phase = CONN_LINGER;
    (void)shutdown(c->fd, SHUT_WR); /* ENOTCONN: the peer was faster, reading shows it */
    conn_watch(c, UV_READABLE);
    conn_set_deadline(c, worker_now_ms(c->worker) + CLOSE_WAIT_MS);
}

/* ---- what it watches and waits for ---- */

static void on_poll(uv_poll_t *handle, int status, int events);

/* Not ended here: callers up the stack are in the middle of something. The next tick ends it. */
static void mark_broken(net_conn *c)
{
    conn_set_deadline(c, 0);
    c->broken = true;
}

void conn_watch(net_conn *c, int events)
{
    if (c->phase == CONN_DEAD || c->events == events)
        return;
    c->events = (uint8_t)events;
    if (uv_poll_start(&c->poll, events, on_poll) != 0)
        mark_broken(c);
}

void conn_set_deadline(net_conn *c, uint64_t due_ms)
{
    if (!c->broken) /* else the next tick ends it */
        wheel_set(&c->worker->wheel, &c->timer, due_ms);
}

/* A peer that reads nothing any more would keep the kernel's buffer for it for many minutes and never
 * hear of the end: it is reset. */
static void reset_if_stuck(net_conn *c)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    if (hub_conn_queued(&c->client.conn) != 0)
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now); /* else it lingers */
}

void conn_on_deadline(void *arg, wheel_item *item)
{
    net_conn *c = container_of(item, net_conn, timer);

    (void)arg;
    if (c->broken) {
        conn_end(c);
        return;
    }
    switch ((conn_phase)c->phase) {
    case CONN_HTTP:
        http_side_deadline(c);
        return;
    case CONN_WS:
        ws_side_deadline(c);
        return;
    case CONN_CLOSING:
        reset_if_stuck(c);
        conn_end(c);
        return;
    case CONN_LINGER:
    case CONN_DEAD:
        conn_end(c);
        return;
    }
}

/* ---- bytes in ---- */

static void input(net_conn *c, view bytes)
{
    switch ((conn_phase)c->phase) {
    case CONN_HTTP:
        http_side_input(c, bytes);
        return;
    case CONN_WS:
    case CONN_CLOSING:
        ws_side_input(c, bytes);
        return;
    case CONN_LINGER:
    case CONN_DEAD:
        return;
    }
}

static void on_eof(net_conn *c)
{
    if (c->phase == CONN_HTTP)
        http_side_eof(c);
    else
        conn_end(c);
}

static void read_some(net_conn *c)
{
    net_worker *w = c->worker;

    for (int i = 0; i < READS_PER_TURN && (c->events & UV_READABLE) != 0; i++) {
        ssize_t count = recv(c->fd, w->buffer, sizeof w->buffer, 0);

        if (count == 0) {
            on_eof(c);
            return;
        }
        if (count < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
                conn_end(c);
            return;
        }
        input(c, (view){w->buffer, (size_t)count});
        if (c->phase == CONN_DEAD || (size_t)count < sizeof w->buffer)
            return;
    }
}

/* ---- bytes out ---- */

/* One call. Not send(): that is a cancellation point, which costs it as many instructions as all
 * else that we do for a delivery to one connection; nobody cancels our threads. */
static ssize_t write_one(int fd, const struct iovec *iov)
{
    return syscall(SYS_sendto, fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL, NULL, 0);
}

static ssize_t write_some(int fd, const struct iovec *iov, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};

    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

ssize_t conn_wrote(net_conn *c, ssize_t result)
{
    metrics *m = worker_metrics(c->worker);

    if (result >= 0) {
        metric_add(&m->x_write_calls, 1);
        metric_add(&m->x_bytes_sent, (uint64_t)result);
        return result;
    }
    if (result == -EAGAIN || result == -EWOULDBLOCK || result == -EINTR)
        return 0;
    mark_broken(c);
    return -1;
}

ssize_t conn_write(net_conn *c, const struct iovec *iov, int count)
{
    ssize_t written = 0;

    if (c->broken || c->phase == CONN_DEAD)
        return -1;
    do
        written = count == 1 ? write_one(c->fd, iov) : write_some(c->fd, iov, count);
    while (written < 0 && errno == EINTR);
    return conn_wrote(c, written >= 0 ? written : -errno);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    net_conn *c = handle->data;

    if (status != 0 || c->broken) {
        conn_end(c); /* reset by the peer */
        return;
    }
    if ((events & UV_READABLE) != 0)
        read_some(c);
    if ((events & UV_WRITABLE) == 0 || c->phase == CONN_DEAD)
        return;
    if (c->phase == CONN_HTTP)
        http_side_writable(c);
    else
        ws_side_writable(c);
}

/* ---- the beginning ---- */

void conn_start(net_worker *w, int fd, bool internal)
{
    net_conn *c = calloc(1, sizeof *c);

    if (c == NULL || uv_poll_init(&w->loop, &c->poll, fd) != 0) {
        metric_add(&worker_metrics(w)->x_out_of_memory, 1);
        free(c);
        (void)close(fd);
        return;
    }
    c->poll.data = c;
    c->worker = w;
    c->fd = fd;
    c->internal = internal;
    hub_conn_init(&c->client.conn, w->hub);
    wheel_item_init(&c->timer);
    w->conn_count++;
    metric_add(&worker_metrics(w)->x_num_connections, 1);
    /* relaxed: a limit that is passed by a few is as good */
    atomic_fetch_add_explicit(&w->house->x_connections, 1, memory_order_relaxed);
    c->phase = CONN_HTTP;
    conn_set_deadline(c, worker_now_ms(w) + REQUEST_WAIT_MS); /* for the first request to come */
    conn_watch(c, UV_READABLE);
}

void conn_hush(net_conn *c)
{
    if (c->phase == CONN_HTTP)
        http_side_shut_down(c);
}

void conn_shut_down(net_conn *c)
{
    if (c->phase == CONN_WS)
        ws_side_disconnect(c, DISCONNECT_SHUTDOWN, view_of(disconnect_text(DISCONNECT_SHUTDOWN)));
}

/* ---- what the hub sees of all this ---- */

static ssize_t sink_write(hub_conn *hc, const struct iovec *iov, int count)
{
    return conn_write(conn_of(hc), iov, count);
}

static void sink_want_write(hub_conn *hc, bool on)
{
    net_conn *c = conn_of(hc);

    conn_watch(c, on ? UV_READABLE | UV_WRITABLE : UV_READABLE);
    if (on && c->phase == CONN_WS)
        conn_set_deadline(c, 0); /* ws_side_deadline() finds the right one */
}

static void sink_hold_little(hub_conn *hc)
{
    peer_hold_little(conn_of(hc)->fd);
}

static void sink_hasten(hub_conn *hc)
{
    net_conn *c = conn_of(hc);

    if (c->phase == CONN_WS)
        conn_set_deadline(c, 0); /* ws_side_deadline() finds the right one */
}

static void sink_disconnect(hub_conn *hc, uint32_t code, view reason)
{
    ws_side_disconnect(conn_of(hc), code, reason);
}

static frame *sink_frame(view message)
{
    uint8_t header[WS_MAX_HEADER];
    size_t header_len = ws_header(header, WS_TEXT, message.len);
    frame *f = frame_new(header_len + message.len);

    if (f == NULL)
        return NULL;
    memcpy(f->data, header, header_len);
    memcpy(f->data + header_len, message.ptr, message.len);
    return f;
}

static size_t sink_message_len(view framed)
{
    return ws_frame_len(framed);
}

const hub_sink net_sink = {
    .write = sink_write,
    .write_many = worker_write_many,
    .want_write = sink_want_write,
    .hold_little = sink_hold_little,
    .disconnect = sink_disconnect,
    .released = conn_released,
    .frame = sink_frame,
    .message_len = sink_message_len,
    .hasten = sink_hasten,
    .wake = worker_wake,
};
