/* SPDX-License-Identifier: MIT */
/*
 * A connection after its WebSocket handshake: frames in, through a reader that is borrowed while a
 * message is incomplete, and the closing handshake. What goes out is the hub's affair.
 */
#include "net_internal.h"
#include "peer.h"

/* ---- readers ---- */

static void on_message(void *arg, ws_opcode opcode, view payload);
static void on_ping(void *arg, view payload);
static void on_pong(void *arg, view payload);
static void on_close(void *arg, uint16_t code, view reason);

static const ws_events events = {
    .on_message = on_message, .on_ping = on_ping, .on_pong = on_pong, .on_close = on_close};

enum { MAX_FRAGMENTS = 16384 };

static ws_reader *borrow_reader(net_worker *w)
{
    ws_limits limits = {.max_message = worker_config(w)->websocket.message_size_limit_bytes,
                        .max_fragments = MAX_FRAGMENTS};

    if (w->reader_count == 0)
        return ws_reader_new(&limits, &events);

    ws_reader *r = w->readers[--w->reader_count];

    ws_reader_limit(r, &limits); /* it may be from before a reload */
    return r;
}

static void give_back(net_worker *w, ws_reader *r)
{
    if (w->reader_count < IDLE_READERS)
        w->readers[w->reader_count++] = r;
    else
        ws_reader_free(r);
}

/* ---- deadlines ---- */

/* When the socket's patience ends; UINT64_MAX: it is not being tried, or has no end. */
static uint64_t stall_deadline(const net_conn *c)
{
    uint64_t since = hub_conn_stalled_since_ms(&c->client.conn);
    uint64_t timeout = worker_config(c->worker)->websocket.write_timeout_ms;

    return since == 0 || timeout == 0 ? UINT64_MAX : since + timeout;
}

static void wait_for_client(net_conn *c)
{
    uint64_t stall = stall_deadline(c);
    uint64_t due = stall < c->client.deadline_ms ? stall : c->client.deadline_ms;

    if (c->phase == CONN_WS && !c->broken && c->timer.due_ms != due)
        conn_set_deadline(c, due);
}

/*
 * A pong is overdue. Where only the newest counts a client may be as slow as it likes, and then the
 * ping may still be on its way behind other bytes. As long as its system takes some of these from one
 * look to the next, an interval of pings later, it is not dead.
 */
static bool is_only_slow(net_conn *c)
{
    uint32_t before = c->client.acked;
    bool outstanding = false;

    c->client.acked = peer_acked(c->fd, &outstanding);
    return outstanding && (!c->client.pong_late || c->client.acked != before);
}

static void tick_client(net_conn *c, uint64_t now)
{
    client *cl = &c->client;

    if (cl->conn.patient && cl->pong_due && now >= cl->beat_ms && is_only_slow(c))
        client_wait_for_pong(cl, now);
    client_tick(cl, now);
}

void ws_side_deadline(net_conn *c)
{
    uint64_t now = worker_now_ms(c->worker);

    c->timer.due_ms = 0; /* nothing is set now */
    if (now >= stall_deadline(c)) {
        hub_conn_drop_queue(&c->client.conn);
        ws_side_disconnect(c, DISCONNECT_WRITE_ERROR,
                           view_of(disconnect_text(DISCONNECT_WRITE_ERROR)));
        return;
    }
    tick_client(c, now);
    wait_for_client(c);
}

/* ---- opening and ending ---- */

void ws_side_open(net_conn *c, view user)
{
    /* the phase comes first: opening may already disconnect */
    c->phase = CONN_WS;
    /* relaxed: a limit that is passed by a few is as good */
    atomic_fetch_add_explicit(&c->worker->house->x_clients, 1, memory_order_relaxed);
    client_open(&c->client, &c->worker->desk, user, worker_now_ms(c->worker));
    http_side_free(c);
    conn_watch(c, UV_READABLE);
    wait_for_client(c);
}

void ws_side_free(net_conn *c)
{
    if (c->client.desk == NULL)
        return; /* it never came to be a WebSocket */
    /* relaxed: as in ws_side_open() */
    atomic_fetch_sub_explicit(&c->worker->house->x_clients, 1, memory_order_relaxed);
    client_close(&c->client);
    ws_reader_free(c->reader);
    c->reader = NULL;
    frame_put(c->pong);
    c->pong = NULL;
}

/* Both sides have said close: nothing is left but to send what waits. */
static void finish(net_conn *c)
{
    if (c->peer_closed && hub_conn_queued(&c->client.conn) == 0)
        conn_linger(c);
}

static void send_close(net_conn *c, uint16_t code, view reason)
{
    uint8_t bytes[2 + WS_MAX_CONTROL];
    size_t len = ws_close_frame(bytes, code, reason);

    hub_conn_leave(&c->client.conn);
    hub_conn_send(&c->client.conn, (view){(const char *)bytes, len});
    c->phase = CONN_CLOSING;
    conn_set_deadline(c, worker_now_ms(c->worker) + CLOSE_WAIT_MS);
}

void ws_side_disconnect(net_conn *c, uint32_t code, view reason)
{
    if (c->phase != CONN_WS)
        return;
    metric_add(&worker_metrics(c->worker)->x_disconnects, 1);
    log_debug("CLIENT-DISCONNECT", "client=%s code=%u reason=%s",
              hub_conn_client_id(&c->client.conn).text, code, log_quote(reason).text);
    send_close(c, (uint16_t)code, reason);
}

/* ---- what the peer says ---- */

static void on_message(void *arg, ws_opcode opcode, view payload)
{
    net_conn *c = arg;

    (void)opcode;                                    /* the protocol takes either */
    if (c->phase == CONN_WS && !c->worker->stopping) /* else the 3001 will be the answer */
        client_message(&c->client, payload, worker_now_ms(c->worker));
}

/* RFC 6455 section 5.5.3: who has several pings to answer may answer the last one only. So the pong
 * waits until all that was read has been taken, and until the socket takes it. */
static void on_ping(void *arg, view payload)
{
    net_conn *c = arg;
    uint8_t bytes[WS_MAX_HEADER + WS_MAX_CONTROL];
    size_t len = ws_header(bytes, WS_PONG, payload.len);

    if (c->phase != CONN_WS)
        return;
    if (payload.len != 0)
        memcpy(bytes + len, payload.ptr, payload.len);
    frame_put(c->pong);
    c->pong = frame_copy((view){(const char *)bytes, len + payload.len});
    if (c->pong == NULL)
        metric_add(&worker_metrics(c->worker)->x_out_of_memory, 1);
}

static void send_pong(net_conn *c)
{
    frame *pong = c->pong;

    if (pong == NULL || c->phase != CONN_WS || hub_conn_queued(&c->client.conn) != 0)
        return;
    c->pong = NULL;
    hub_conn_send(&c->client.conn, frame_view(pong));
    frame_put(pong);
}

static void on_pong(void *arg, view payload)
{
    (void)arg; /* we never ask with a frame of WebSocket's own */
    (void)payload;
}

static void on_close(void *arg, uint16_t code, view reason)
{
    net_conn *c = arg;

    (void)reason;
    c->peer_closed = true;
    if (c->phase == CONN_WS)
        send_close(c, code == 1005 ? 0 : code, (view){0}); /* 1005 stands for "no code" */
}

/* ---- bytes ---- */

/* The peer broke the protocol, or we cannot follow it: says why and reads no further. */
static void fail(net_conn *c, uint16_t code)
{
    metric_add(&worker_metrics(c->worker)->x_protocol_errors, 1);
    log_debug("WS-PROTOCOL", "client=%s code=%u", hub_conn_client_id(&c->client.conn).text, code);
    if (c->phase == CONN_WS)
        send_close(c, code, (view){0});
    c->peer_closed = true; /* its close frame could not be told from the rest */
    finish(c);
}

void ws_side_input(net_conn *c, view bytes)
{
    net_worker *w = c->worker;

    if (c->peer_closed)
        return; /* nothing that follows counts */

    ws_reader *r = c->reader == NULL ? borrow_reader(w) : c->reader;
    ws_result result = r == NULL ? WS_NOMEM : ws_reader_feed(r, bytes, c);

    c->reader = r;
    send_pong(c);
    if (result == WS_OK) {
        if (ws_reader_idle(r)) {
            c->reader = NULL;
            give_back(w, r);
        }
        wait_for_client(c);
        return;
    }

    uint16_t error = result == WS_FAILED ? ws_reader_error(r) : 0;

    c->reader = NULL;
    ws_reader_free(r);
    if (result == WS_FAILED) {
        fail(c, error);
    } else if (result == WS_CLOSED) {
        finish(c);
    } else {
        metric_add(&worker_metrics(w)->x_out_of_memory, 1);
        conn_end(c);
    }
}

void ws_side_writable(net_conn *c)
{
    hub_conn_writable(&c->client.conn);
    if (c->phase == CONN_DEAD || hub_conn_queued(&c->client.conn) != 0)
        return;
    send_pong(c);
    wait_for_client(c);
    if (c->phase == CONN_CLOSING)
        finish(c);
}
