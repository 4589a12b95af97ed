/* SPDX-License-Identifier: MIT */
/*
 * A connection while it speaks HTTP: requests one after the other, answered in order, with what the
 * routes say; or the one request that makes it a WebSocket.
 *
 * Bounded: a request has to come in within a time, responses that the peer does not read make it
 * wait with its next requests, and a connection that asks for nothing is closed after a while.
 */
#include <stdlib.h>

#include "auth.h"
#include "handshake.h"
#include "net_internal.h"
#include "rate.h"

/* ---- opening and freeing ---- */

bool http_side_open(net_conn *c)
{
    net_worker *w = c->worker;
    http_side *h = calloc(1, sizeof *h);

    if (h == NULL)
        return false;
    h->session = http_session_new(w->house->cfg->http_api.max_body_size_bytes);
    if (h->session == NULL) {
        free(h);
        return false;
    }
    h->began_ms = worker_now_ms(w);
    c->http = h;
    c->phase = CONN_HTTP;
    conn_set_deadline(c, h->began_ms + REQUEST_WAIT_MS);
    return true;
}

void http_side_free(net_conn *c)
{
    http_side *h = c->http;

    if (h == NULL)
        return;
    c->http = NULL;
    http_session_free(h->session);
    buf_fini(&h->in);
    buf_fini(&h->out);
    free(h);
}

/* ---- answering ---- */

typedef struct net_exchange {
    http_exchange base;
    net_conn *conn;
    bool replied;
} net_exchange;

static void respond(net_conn *c, const http_response *response, bool head)
{
    metrics *m = worker_metrics(c->worker);

    metric_add(&m->x_http_requests, 1);
    if (response->status >= 400)
        metric_add(&m->x_http_errors, 1);
    http_write_response(&c->http->out, response, head);
    c->http->close = c->http->close || response->close;
}

static void on_reply(http_exchange *base, const http_response *response)
{
    net_exchange *x = container_of(base, net_exchange, base);
    const http_request *rq = base->request;
    http_response out = *response;

    /* who asked to upgrade in vain may already have gone on in the other protocol */
    out.close = out.close || !rq->keep_alive || rq->upgrade;
    respond(x->conn, &out, view_eq(rq->method, VIEW_LIT("HEAD")));
    x->replied = true;
}

static void refuse(net_conn *c, int status, const char *reason, const char *headers)
{
    buf body = {0};

    buf_append_view(&body, view_of(reason));
    buf_append_char(&body, '\n');
    respond(c,
            &(http_response){
                .status = status, .headers = headers, .body = buf_view(&body), .close = true},
            false);
    buf_fini(&body);
}

static bool route_fits(const http_route *r, view path)
{
    if (view_eq(path, r->path))
        return true;
    return r->below && view_starts_with(path, r->path) && path.ptr[r->path.len] == '/';
}

static void serve(net_conn *c, const http_request *rq)
{
    const net_house *house = c->worker->house;
    net_exchange x = {.base = {.request = rq, .reply = on_reply}, .conn = c};

    for (size_t i = 0; i < house->route_count && !x.replied; i++) {
        if (route_fits(&house->routes[i], rq->path))
            house->routes[i].handle(house->routes[i].arg, &x.base);
    }
    if (!x.replied)
        on_reply(&x.base, &(http_response){.status = 404, .body = VIEW_LIT("not found\n")});
}

/* ---- becoming a WebSocket ---- */

/* The page that this server shows itself comes from its own origin. */
static bool is_own_page(const http_request *rq, view origin)
{
    static const view schemes[] = {VIEW_LIT("http://"), VIEW_LIT("https://")};
    view host;

    if (!http_header_get(rq, VIEW_LIT("host"), &host))
        return false;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (view_starts_with(origin, schemes[i]) &&
            view_eq_nocase(view_skip(origin, schemes[i].len), host))
            return true;
    }
    return false;
}

static bool origin_allowed(const config *cfg, const http_request *rq)
{
    const config_strings *allowed = &cfg->client.allowed_origins;
    view origin;

    if (!http_header_get(rq, VIEW_LIT("origin"), &origin))
        return true; /* not a browser */
    if (auth_origin_allowed(origin, allowed->items, allowed->count))
        return true;
    return cfg->demo && is_own_page(rq, origin);
}

/* Whether a limit leaves no room for one more client. */
static bool is_full(net_worker *w)
{
    net_house *house = w->house;
    uint32_t limit = house->cfg->client.connection_limit;

    /* relaxed: a limit that is passed by a few is as good */
    if (limit != 0 && atomic_load_explicit(&house->x_connections, memory_order_relaxed) > limit)
        return true;
    return !rate_take(&house->x_rate, worker_now_ms(w), house->cfg->client.connection_rate_limit);
}

static void refuse_handshake(net_conn *c, int status, const char *reason, const char *headers)
{
    metric_add(&worker_metrics(c->worker)->x_handshakes_refused, 1);
    log_debug("WS-HANDSHAKE-REFUSED", "status=%d reason=\"%s\"", status, reason);
    refuse(c, status, reason, headers);
}

static void upgrade(net_conn *c, const http_request *rq, view protocol)
{
    const config *cfg = c->worker->house->cfg;
    buf response = {0};
    view user = {0};

    if (cfg->client.user_id_http_header.len != 0)
        (void)http_header_get(rq, cfg->client.user_id_http_header, &user);
    handshake_accept(&response, rq, protocol);

    struct iovec iov = {response.data, response.len};
    bool sent = !response.failed && conn_write(c, &iov, 1) == (ssize_t)response.len;

    if (sent)
        ws_side_open(c, user);
    else
        conn_end(c); /* a fresh socket that does not take so little is broken */
    buf_fini(&response);
}

static void shake_hands(net_conn *c, const http_request *rq)
{
    static const char *const protocols[] = {"centrifuge-json", NULL};
    net_worker *w = c->worker;
    handshake h = handshake_check(rq, protocols);

    if (h.status != 101)
        refuse_handshake(c, h.status, h.reason, h.headers);
    else if (!origin_allowed(w->house->cfg, rq))
        refuse_handshake(c, 403, "this origin is not in client.allowed_origins", NULL);
    else if (w->stopping || is_full(w))
        refuse_handshake(c, 503, "no more connections are taken", NULL);
    else if (c->http->out.len != 0)
        conn_end(c); /* it asks to upgrade and does not read the answers it had before */
    else
        upgrade(c, rq, h.protocol);
}

static bool is_websocket_path(const net_conn *c, const http_request *rq)
{
    return view_eq(rq->path, c->worker->house->cfg->websocket.handler_prefix);
}

/* ---- bytes ---- */

static bool output_full(const http_side *h)
{
    return h->out.len - h->sent >= MAX_RESPONSES;
}

static void set_deadline(net_conn *c)
{
    const http_side *h = c->http;
    uint64_t now = worker_now_ms(c->worker);

    if (h->out.len != h->sent)
        conn_set_deadline(c, now + REQUEST_WAIT_MS); /* moved by every write */
    else if (http_session_busy(h->session))
        conn_set_deadline(c, h->began_ms + REQUEST_WAIT_MS + h->received / REQUEST_BYTES_PER_MS);
    else
        conn_set_deadline(c, now + KEEP_ALIVE_MS);
}

/* Answers the request that is complete. false: the connection is no HTTP connection any more. */
static bool handle_request(net_conn *c)
{
    const http_request *rq = http_session_request(c->http->session);

    if (is_websocket_path(c, rq))
        shake_hands(c, rq);
    else
        serve(c, rq);
    if (c->phase != CONN_HTTP)
        return false;
    http_session_next(c->http->session);
    return true;
}

/* Takes bytes until they are used up or have to wait. Returns those that are left. */
static view take(net_conn *c, view bytes)
{
    http_side *h = c->http;
    uint64_t now = worker_now_ms(c->worker);

    while (bytes.len != 0 && !h->close && !output_full(h)) {
        size_t used = 0;
        const char *reason;
        int status;

        if (!http_session_busy(h->session)) {
            h->began_ms = now;
            h->received = 0;
        }
        switch (http_session_feed(h->session, bytes, &used)) {
        case HTTP_NEED_MORE:
            h->received += used;
            bytes = view_skip(bytes, used);
            if (http_session_wants_continue(h->session))
                buf_append_lit(&h->out, "HTTP/1.1 100 Continue\r\n\r\n");
            break;
        case HTTP_REQUEST:
            bytes = view_skip(bytes, used);
            if (!handle_request(c))
                return bytes;
            break;
        case HTTP_BAD:
            metric_add(&worker_metrics(c->worker)->x_protocol_errors, 1);
            status = http_session_status(h->session, &reason);
            refuse(c, status, reason, NULL);
            break;
        }
    }
    return bytes;
}

/* Sends what is there. true: all of it is gone. */
static bool send_out(net_conn *c)
{
    http_side *h = c->http;

    while (h->sent < h->out.len) {
        struct iovec iov = {h->out.data + h->sent, h->out.len - h->sent};
        ssize_t written = conn_write(c, &iov, 1);

        if (written <= 0)
            return false;
        h->sent += (size_t)written;
    }
    h->sent = 0;
    buf_fini(&h->out);
    return true;
}

/* What comes after bytes were taken or sent: sends, and decides what to wait for. */
static void settle(net_conn *c)
{
    http_side *h = c->http;
    bool sent = send_out(c);

    if (h->out.failed || h->in.failed) {
        metric_add(&worker_metrics(c->worker)->x_out_of_memory, 1);
        conn_end(c);
    } else if (sent && h->close) {
        conn_linger(c);
        http_side_free(c);
    } else if (sent && h->peer_done) {
        conn_end(c);
    } else {
        int reading = output_full(h) || h->peer_done || h->close ? 0 : UV_READABLE;

        conn_watch(c, sent ? reading : reading | UV_WRITABLE);
        set_deadline(c);
    }
}

void http_side_input(net_conn *c, view bytes)
{
    view rest = take(c, bytes);

    if (c->phase == CONN_WS || c->phase == CONN_CLOSING) {
        if (rest.len != 0)
            ws_side_input(c, rest); /* the first frame came with the handshake */
        return;
    }
    if (c->phase != CONN_HTTP)
        return;
    if (!c->http->close)
        buf_append_view(&c->http->in, rest);
    settle(c);
}

void http_side_writable(net_conn *c)
{
    http_side *h = c->http;

    if (send_out(c) && h->in.len != 0) {
        buf waiting = h->in;

        h->in = (buf){0};
        http_side_input(c, buf_view(&waiting));
        buf_fini(&waiting);
        return;
    }
    settle(c);
}

void http_side_eof(net_conn *c)
{
    c->http->peer_done = true;
    settle(c);
}

void http_side_deadline(net_conn *c)
{
    if (!http_session_busy(c->http->session) || c->http->out.len != c->http->sent) {
        conn_end(c);
        return;
    }
    refuse(c, 408, "the request took too long", NULL);
    settle(c);
}
