/* SPDX-License-Identifier: MIT */
/* What a request is answered: by a route, at once or later, or by becoming a WebSocket. */
#include <stdlib.h>

#include "auth.h"
#include "handshake.h"
#include "net_internal.h"
#include "rate.h"

/* On the stack of answer_by_route(); on the heap from its deferral to its answer. */
struct net_exchange {
    http_exchange base;
    net_worker *worker;
    net_conn *conn;        /* NULL: it has ended, nobody waits for the answer */
    http_session *session; /* of a connection that has ended: has the request */
    bool settled;          /* answered or deferred */
};

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
    x->settled = true;
}

/* ---- answers that come later ---- */

static void on_late_reply(http_exchange *base, const http_response *response)
{
    net_exchange *x = container_of(base, net_exchange, base);
    net_conn *c = x->conn;

    x->worker->pending_count--;
    if (c != NULL) {
        on_reply(base, response);
        c->http->pending = NULL;
        http_side_answered(c);
    }
    http_session_free(x->session);
    free(x);
}

static http_exchange *on_defer(http_exchange *base)
{
    net_exchange *x = container_of(base, net_exchange, base);
    net_exchange *later = malloc(sizeof *later);

    if (later == NULL)
        return NULL;
    *later = *x;
    later->base.reply = on_late_reply;
    x->settled = true;
    x->conn->http->pending = later;
    x->worker->pending_count++;
    return &later->base;
}

void http_answer_abandon(net_exchange *x, http_session *session)
{
    x->conn = NULL;
    x->session = session;
}

/* ---- answers without a route ---- */

void http_refuse(net_conn *c, int status, const char *reason, const char *headers)
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

/* NULL: nobody answers there. */
static const http_route *find_route(const net_conn *c, view path)
{
    const net_house *house = c->worker->house;
    const http_routes *routes = c->internal ? &house->internal : &house->routes;

    for (size_t i = 0; i < routes->count; i++) {
        if (route_fits(&routes->items[i], path))
            return &routes->items[i];
    }
    return NULL;
}

size_t http_max_body(void *arg, const http_request *head)
{
    net_conn *c = arg;
    const http_route *r = find_route(c, head->path);

    if (r == NULL || r->admit == NULL)
        return HTTP_SMALL_BODY;

    http_admission a = r->admit(r->arg, head);

    c->http->route = r;
    c->http->note = a.note;
    return a.max_body;
}

static void answer_by_route(net_conn *c, const http_request *rq)
{
    const http_route *r = c->http->route != NULL ? c->http->route : find_route(c, rq->path);
    net_exchange x = {
        .base = {.request = rq, .note = c->http->note, .reply = on_reply, .defer = on_defer},
        .worker = c->worker,
        .conn = c};

    if (r != NULL)
        r->handle(r->arg, &x.base);
    if (!x.settled)
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
    const config *cfg = worker_config(w);
    uint32_t limit = cfg->client.connection_limit;

    /* relaxed: a limit that is passed by a few is as good */
    if (limit != 0 && atomic_load_explicit(&house->x_clients, memory_order_relaxed) >= limit)
        return true;
    return !rate_take(&house->x_rate, worker_now_ms(w), cfg->client.connection_rate_limit);
}

static void refuse_handshake(net_conn *c, int status, const char *reason, const char *headers)
{
    metric_add(&worker_metrics(c->worker)->x_handshakes_refused, 1);
    log_debug("WS-HANDSHAKE-REFUSED", "status=%d reason=\"%s\"", status, reason);
    http_refuse(c, status, reason, headers);
}

static void upgrade(net_conn *c, const http_request *rq, view protocol)
{
    const config *cfg = worker_config(c->worker);
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
    else if (!origin_allowed(worker_config(w), rq))
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
    return !c->internal && view_eq(rq->path, c->worker->house->cfg->websocket.handler_prefix);
}

void http_answer(net_conn *c, const http_request *rq)
{
    if (is_websocket_path(c, rq))
        shake_hands(c, rq);
    else
        answer_by_route(c, rq);
}
