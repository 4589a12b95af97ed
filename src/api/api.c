/* SPDX-License-Identifier: MIT */
/* From an HTTP request to a method and back. */
#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_internal.h"
#include "auth.h"
#include "clock.h"
#include "list.h"
#include "random.h"

static const char json_type[] = "application/json";

void api_init(api *a, const config *cfg, hub *h)
{
    char host[64] = "localhost";
    uint16_t r[8];

    *a = (api){.cfg = cfg, .hub = h, .started_ms = clock_mono_ms()};
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(a->node_name, sizeof a->node_name, "%s_%u", host, cfg->http_server.port);
    random_bytes(r, sizeof r);
    (void)snprintf(a->node_uid, sizeof a->node_uid, "%04x%04x-%04x-4%03x-%04x-%04x%04x%04x", r[0],
                   r[1], r[2], r[3] & 0xfff, 0x8000 | (r[4] & 0x3fff), r[5], r[6], r[7]);
}

/* A thread's own, so that it is the same from the beginning of an event to its end. NULL: as at the
 * start. */
static _Thread_local const config *here;

void api_configure_here(const config *cfg)
{
    here = cfg;
}

static const config *live(const api *a)
{
    return here != NULL ? here : a->cfg;
}

const config *api_config(const api_call *call)
{
    return live(call->api);
}

/* ---- who may call ---- */

static bool authorized(const config *cfg, const http_request *rq)
{
    view given;
    buf from_query = {0};

    if (cfg->http_api.insecure)
        return true;
    if (http_header_get(rq, VIEW_LIT("x-api-key"), &given))
        return auth_key_equal(given, cfg->http_api.key);
    if (http_header_get(rq, VIEW_LIT("authorization"), &given))
        return auth_key_equal(auth_apikey_from_authorization(given), cfg->http_api.key);

    bool good = http_query_get(rq->query, VIEW_LIT("api_key"), &from_query) &&
                auth_key_equal(buf_view(&from_query), cfg->http_api.key);

    buf_fini(&from_query);
    return good;
}

/* ---- answers ---- */

static void reply_text(http_exchange *x, int status, const char *headers, view text)
{
    x->reply(x, &(http_response){.status = status, .headers = headers, .body = text});
}

/* The status that stands for an error where the caller wants HTTP to tell. */
static int status_of(protocol_error error)
{
    switch (error) {
    case PROTOCOL_UNKNOWN_CHANNEL:
    case PROTOCOL_METHOD_NOT_FOUND:
        return 404;
    case PROTOCOL_BAD_REQUEST:
    case PROTOCOL_NOT_AVAILABLE:
        return 400;
    case PROTOCOL_UNRECOVERABLE_POSITION:
        return 416;
    case PROTOCOL_CONCURRENT_PAGINATION:
        return 409;
    default:
        return 500;
    }
}

static bool wants_status(const config *cfg, const http_request *rq)
{
    view mode;

    if (http_header_get(rq, VIEW_LIT("x-centrifugo-error-mode"), &mode))
        return view_eq_nocase(mode, VIEW_LIT("transport"));
    return cfg->http_api.error_mode == API_ERROR_TRANSPORT;
}

void api_write_error(buf *out, protocol_error error)
{
    buf_append_lit(out, "{\"code\":");
    buf_append_u64(out, (uint64_t)error);
    buf_append_lit(out, ",\"message\":");
    json_write_string(out, view_of(protocol_error_text(error)));
    buf_append_char(out, '}');
}

static void reply_error_code(const api *a, http_exchange *x, protocol_error error)
{
    bool bare = wants_status(live(a), x->request);
    buf body = {0};

    if (!bare)
        buf_append_lit(&body, "{\"error\":");
    api_write_error(&body, error);
    if (!bare)
        buf_append_char(&body, '}');
    x->reply(x, &(http_response){.status = bare ? status_of(error) : 200,
                                 .content_type = json_type,
                                 .body = buf_view(&body)});
    buf_fini(&body);
}

/* ---- calls ---- */

/* A call that came as an HTTP request. */
typedef struct http_call {
    api_call call;
    http_exchange *x; /* NULL: has been answered that memory ran out */
    bool whole;       /* the result is the whole answer */
    buf body;         /* of the answer */
} http_call;

static void http_call_free(http_call *h)
{
    buf_fini(&h->body);
    buf_fini(&h->call.strings);
    free(h);
}

static void reply_outcome(http_call *h, api_outcome outcome)
{
    const api *a = h->call.api;

    if (!h->whole)
        buf_append_char(&h->body, '}');
    if (outcome == API_MALFORMED)
        reply_text(h->x, 400, NULL,
                   VIEW_LIT("the body is not the JSON object this method takes\n"));
    else if (outcome == API_ERROR || h->body.failed)
        reply_error_code(a, h->x, h->body.failed ? PROTOCOL_INTERNAL : h->call.error);
    else
        h->x->reply(
            h->x,
            &(http_response){.status = 200, .content_type = json_type, .body = buf_view(&h->body)});
}

static void on_done(api_call *call, api_outcome outcome)
{
    http_call *h = container_of(call, http_call, call);

    if (h->x != NULL)
        reply_outcome(h, outcome);
    http_call_free(h);
}

/* The method goes on by itself: so does the exchange. */
static void defer(http_call *h)
{
    http_exchange *later = http_exchange_defer(h->x);

    if (later == NULL)
        reply_error_code(h->call.api, h->x, PROTOCOL_INTERNAL);
    h->x = later;
}

static void run(const api *a, http_exchange *x, const api_method *method)
{
    view params = x->request->body;
    http_call *h = calloc(1, sizeof *h);
    api_outcome outcome = API_MALFORMED;

    if (h == NULL) {
        reply_error_code(a, x, PROTOCOL_INTERNAL);
        return;
    }
    *h = (http_call){.call = {.api = a, .result = &h->body, .done = on_done},
                     .x = x,
                     .whole = method == &api_batch || method == &api_lines};
    if (!h->whole)
        buf_append_lit(&h->body, "{\"result\":");
    if (method == &api_lines || json_valid(params))
        outcome = api_call_run(&h->call, method, params);
    if (outcome == API_LATER)
        defer(h);
    else
        on_done(&h->call, outcome);
}

static const api_method *method_of(const api *a, const http_request *rq)
{
    view prefix = a->cfg->http_api.handler_prefix;

    if (rq->path.len == prefix.len)
        return &api_lines;

    view name = view_skip(rq->path, prefix.len + 1);

    return view_eq(name, api_batch.name) ? &api_batch : api_method_find(name);
}

http_admission api_admit(void *arg, const http_request *head)
{
    const api *a = arg;
    const api_method *method = method_of(a, head);

    if (method == NULL || !view_eq(head->method, VIEW_LIT("POST")) || !authorized(live(a), head))
        return (http_admission){.max_body = HTTP_SMALL_BODY};
    return (http_admission){live(a)->http_api.max_body_size_bytes, method};
}

/* NULL: it may not run, and has been answered why. */
static const api_method *admit_late(const api *a, http_exchange *x)
{
    const http_request *rq = x->request;
    const api_method *method = method_of(a, rq);

    if (!view_eq(rq->method, VIEW_LIT("POST")))
        reply_text(x, 405, "Allow: POST\r\n", VIEW_LIT("method not allowed\n"));
    else if (!authorized(live(a), rq))
        reply_text(x, 401, NULL, VIEW_LIT("unauthorized\n"));
    else if (method == NULL)
        reply_text(x, 404, NULL, VIEW_LIT("no such method\n"));
    else
        return method;
    return NULL;
}

void api_handle(void *arg, http_exchange *x)
{
    const api *a = arg;
    const api_method *method = x->note != NULL ? x->note : admit_late(a, x);

    if (method != NULL)
        run(a, x, method);
}
