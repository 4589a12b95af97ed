/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a connection while it speaks HTTP: requests are taken one after the other, and answers
 * sent in their order.
 *
 * Bounded: a request has to come in within a time and has a body only as large as its head allows;
 * while answers wait for the peer to read, or for a handler that answers later, its next requests wait
 * unread; and a connection that asks for nothing is closed after a while.
 */
#include <stdlib.h>

#include "net_internal.h"

/* Made when the first bytes come: a handshake is then read, answered and gone in one turn, and a crowd
 * that connects at once shares the same memory one after the other. */
static bool http_side_open(net_conn *c)
{
    http_side *h = calloc(1, sizeof *h);

    if (h == NULL)
        return false;
    h->session = http_session_new(HTTP_SMALL_BODY);
    if (h->session == NULL) {
        free(h);
        return false;
    }
    http_session_limit_by_head(h->session, http_max_body, c);
    h->idle_until_ms = worker_now_ms(c->worker) + REQUEST_WAIT_MS;
    c->http = h;
    return true;
}

void http_side_free(net_conn *c)
{
    http_side *h = c->http;

    if (h == NULL)
        return;
    c->http = NULL;
    if (h->pending != NULL)
        http_answer_abandon(h->pending, h->session);
    else
        http_session_free(h->session);
    buf_fini(&h->in);
    buf_fini(&h->out);
    free(h);
}

/* ---- deadlines ---- */

static void wait_for_peer(net_conn *c)
{
    const http_side *h = c->http;

    if (h->out.len != h->sent) /* moved by whatever the peer reads */
        conn_set_deadline(c, worker_now_ms(c->worker) + REQUEST_WAIT_MS);
    else if (h->pending != NULL)
        conn_set_deadline(c, UINT64_MAX); /* it is for us to say something */
    else if (http_session_busy(h->session))
        conn_set_deadline(c, h->began_ms + REQUEST_WAIT_MS + h->received / REQUEST_BYTES_PER_MS);
    else
        conn_set_deadline(c, h->idle_until_ms);
}

/* ---- in ---- */

static bool output_full(const http_side *h)
{
    return h->out.len - h->sent >= MAX_RESPONSES;
}

/* The request has been answered. */
static void end_request(net_conn *c)
{
    http_session_next(c->http->session);
    c->http->route = NULL;
    c->http->note = NULL;
    c->http->idle_until_ms = worker_now_ms(c->worker) + KEEP_ALIVE_MS;
}

/* Answers the request that is complete. The connection may be no HTTP connection any more, see its
 * phase. */
static void answer_request(net_conn *c)
{
    c->http->answering = true;
    http_answer(c, http_session_request(c->http->session));
    if (c->phase != CONN_HTTP)
        return;
    c->http->answering = false;
    if (c->http->pending == NULL)
        end_request(c);
}

static void answer_garbage(net_conn *c)
{
    const char *reason;
    int status = http_session_status(c->http->session, &reason);

    metric_add(&worker_metrics(c->worker)->x_protocol_errors, 1);
    http_refuse(c, status, reason, NULL);
}

/* Feeds the session. Returns what follows the bytes that it took. */
static view feed(net_conn *c, view bytes)
{
    http_side *h = c->http;
    size_t used = 0;

    if (!http_session_busy(h->session)) {
        h->began_ms = worker_now_ms(c->worker);
        h->received = 0;
    }

    http_state state = http_session_feed(h->session, bytes, &used);

    h->received += used;
    if (state == HTTP_BAD)
        answer_garbage(c);
    else if (state == HTTP_REQUEST)
        answer_request(c);
    else if (http_session_wants_continue(h->session))
        buf_append_lit(&h->out, "HTTP/1.1 100 Continue\r\n\r\n");
    return view_skip(bytes, used);
}

/* Whether the next request has to wait: for the peer to read, or for a handler. */
static bool must_wait(const http_side *h)
{
    return h->close || h->pending != NULL || output_full(h);
}

/* Takes requests from what came in until it is used up or has to wait. */
static void take_requests(net_conn *c)
{
    buf in = c->http->in; /* ours meanwhile: an upgrade frees the HTTP side */
    view rest = buf_view(&in);

    c->http->in = (buf){0};
    while (rest.len != 0 && c->phase == CONN_HTTP && !must_wait(c->http))
        rest = feed(c, rest);
    if (c->phase == CONN_HTTP) {
        buf_consume(&in, in.len - rest.len);
        c->http->in = in;
        return;
    }
    if (rest.len != 0 && c->phase == CONN_WS)
        ws_side_input(c, rest); /* the first frame came with the handshake */
    buf_fini(&in);
}

/* ---- out ---- */

/* Sends what is there. true: all of it is gone. */
static bool send_answers(net_conn *c)
{
    http_side *h = c->http;

    if (h->out.failed)
        return false; /* settle() ends it */
    while (h->sent < h->out.len) {
        struct iovec iov = {h->out.data + h->sent, h->out.len - h->sent};
        ssize_t written = conn_write(c, &iov, 1);

        if (written <= 0)
            break;
        h->sent += (size_t)written;
    }
    if (h->sent == h->out.len) {
        h->sent = 0;
        buf_fini(&h->out);
        return true;
    }
    if (h->sent >=
        h->out.len / 2) { /* a reader that is always a little behind must not make it grow */
        buf_consume(&h->out, h->sent);
        h->sent = 0;
    }
    return false;
}

/* Decides what to wait for, `sent` telling whether all answers are gone. */
static void settle(net_conn *c, bool sent)
{
    http_side *h = c->http;
    bool reads = h->in.len == 0 && !h->peer_done && !h->close;
    bool done = sent && h->pending == NULL;

    if (h->out.failed || h->in.failed) {
        metric_add(&worker_metrics(c->worker)->x_out_of_memory, 1);
        conn_end(c);
    } else if (done && h->close) {
        conn_linger(c);
        http_side_free(c);
    } else if (done && h->peer_done) {
        conn_end(c);
    } else {
        conn_watch(c, (reads ? UV_READABLE : 0) | (sent ? 0 : UV_WRITABLE));
        wait_for_peer(c);
    }
}

/* Takes and sends in turn, until one of them has to wait for the peer. */
static void pump(net_conn *c)
{
    bool sent;

    do {
        take_requests(c);
        if (c->phase != CONN_HTTP)
            return;
        sent = send_answers(c);
    } while (sent && c->http->in.len != 0 && !must_wait(c->http));
    settle(c, sent);
}

void http_side_input(net_conn *c, view bytes)
{
    if (c->http == NULL && !http_side_open(c)) {
        metric_add(&worker_metrics(c->worker)->x_out_of_memory, 1);
        conn_end(c);
        return;
    }

    buf_append_view(&c->http->in, bytes);
    pump(c);
}

void http_side_writable(net_conn *c)
{
    pump(c);
}

void http_side_eof(net_conn *c)
{
    if (c->http == NULL) {
        conn_end(c);
        return;
    }

    c->http->peer_done = true;
    pump(c);
}

void http_side_shut_down(net_conn *c)
{
    http_side *h = c->http;

    if (h == NULL || (h->out.len == 0 && h->pending == NULL)) {
        conn_end(c); /* nothing was asked, or not all of it */
        return;
    }
    h->close = true; /* what has been answered is still sent */
    pump(c);
}

void http_side_answered(net_conn *c)
{
    if (c->http->answering)
        return; /* before the handler has returned: answer_request() goes on */
    end_request(c);
    pump(c);
}

void http_side_deadline(net_conn *c)
{
    if (c->http == NULL || !http_session_busy(c->http->session) ||
        c->http->out.len != c->http->sent) {
        conn_end(c);
        return;
    }
    http_refuse(c, 408, "the request took too long", NULL);
    pump(c);
}
