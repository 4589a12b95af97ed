/* SPDX-License-Identifier: MIT */
/* What is served beside WebSocket and the API: health, metrics, the demo's page. */
#include "server_internal.h"
#include "web.h"

static bool is_read(const http_request *rq)
{
    return view_eq(rq->method, VIEW_LIT("GET")) || view_eq(rq->method, VIEW_LIT("HEAD"));
}

static void reply_not_allowed(http_exchange *x)
{
    x->reply(x, &(http_response){.status = 405,
                                 .headers = "Allow: GET, HEAD\r\n",
                                 .body = VIEW_LIT("method not allowed\n")});
}

static void show_health(void *arg, http_exchange *x)
{
    (void)arg;
    if (!is_read(x->request)) {
        reply_not_allowed(x);
        return;
    }
    x->reply(x, &(http_response){
                    .status = 200, .content_type = "application/json", .body = VIEW_LIT("{}")});
}

static void show_metrics(void *arg, http_exchange *x)
{
    pages *p = arg;
    metrics sum = {0};
    buf body = {0};

    if (!is_read(x->request)) {
        reply_not_allowed(x);
        return;
    }
    hub_metrics(p->hub, &sum);
    metrics_write_prometheus(&body, &sum);
    x->reply(x, &(http_response){.status = body.failed ? 500 : 200,
                                 .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                 .body = buf_view(&body)});
    buf_fini(&body);
}

static void show_web(void *arg, http_exchange *x)
{
    const web_file *f = web_find(x->request->path);

    (void)arg;
    if (f == NULL)
        return; /* the transport answers 404 */
    if (!is_read(x->request)) {
        reply_not_allowed(x);
        return;
    }
    x->reply(x, &(http_response){.status = 200,
                                 .content_type = f->content_type,
                                 .headers = "Cache-Control: no-cache\r\n"
                                            "X-Content-Type-Options: nosniff\r\n",
                                 .body = f->body});
}

bool pages_has_internal(const config *cfg)
{
    view address = cfg->http_server.internal_address;
    uint32_t port = cfg->http_server.internal_port;

    return (address.len != 0 && !view_eq(address, cfg->http_server.address)) ||
           (port != 0 && port != cfg->http_server.port);
}

static size_t demo_routes(pages *p, http_route *routes)
{
    for (size_t i = 0; i < WEB_FILE_COUNT; i++)
        routes[i] = (http_route){.path = web_files[i].path, .handle = show_web, .arg = p};
    return WEB_FILE_COUNT;
}

size_t pages_routes(pages *p, api *a, bool internal, http_route *routes)
{
    const config *cfg = p->cfg;
    bool apart = pages_has_internal(cfg);
    bool here = internal == apart; /* what only the operator is to reach */
    bool api_here = apart && cfg->http_api.external ? !internal : here;
    size_t count = 0;

    if (!cfg->http_api.disabled && api_here)
        routes[count++] = (http_route){.path = cfg->http_api.handler_prefix,
                                       .below = true,
                                       .handle = api_handle,
                                       .admit = api_admit,
                                       .arg = a};
    if (cfg->health.enabled && here)
        routes[count++] =
            (http_route){.path = cfg->health.handler_prefix, .handle = show_health, .arg = p};
    if (cfg->prometheus.enabled && here)
        routes[count++] =
            (http_route){.path = cfg->prometheus.handler_prefix, .handle = show_metrics, .arg = p};
    return cfg->demo && !internal ? count + demo_routes(p, routes + count) : count;
}
