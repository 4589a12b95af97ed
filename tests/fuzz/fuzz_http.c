/* SPDX-License-Identifier: MIT */
/* Promises of the http room for any bytes at all; the first one is that their split is no matter.
 */
#include "handshake.h"
#include "http.h"
#include "split.h"

enum { MAX_BODY = 200 };

static bool lies_within(view inner, view outer)
{
    return inner.len == 0 ||
           (inner.ptr >= outer.ptr && inner.ptr + inner.len <= outer.ptr + outer.len);
}

static bool has_line_end(view v)
{
    return v.len != 0 && (memchr(v.ptr, '\r', v.len) != NULL || memchr(v.ptr, '\n', v.len) != NULL);
}

static void check_response(view response)
{
    const char *end = memmem(response.ptr, response.len, "\r\n\r\n", 4);

    require(end != NULL && end + 4 == response.ptr + response.len, "a 101 is one head");
}

static void check_handshake(const http_request *rq, buf *log)
{
    static const char *const protocols[] = {"centrifuge-json", "centrifuge-protobuf", NULL};
    handshake h = handshake_check(rq, protocols);
    buf response = {0};

    buf_printf(log, "handshake %d\n", h.status);
    if (h.status != 101) {
        require(h.reason != NULL, "a refusal has a reason");
        return;
    }
    require(handshake_setup(), "there is SHA-1");
    require(rq->upgrade && rq->minor >= 1 && rq->body.len == 0, "101 only to an upgrade");
    handshake_accept(&response, rq, h.protocol);
    check_response(buf_view(&response));
    buf_fini(&response);
}

static void check_request(const http_request *rq, buf *log)
{
    buf value = {0};

    require(rq->target.len != 0 && rq->target.len <= HTTP_MAX_TARGET, "the target has its limit");
    require(rq->path.len != 0, "there is a path");
    require(view_eq(rq->path, VIEW_LIT("/")) || lies_within(rq->path, rq->target),
            "path in target");
    require(lies_within(rq->query, rq->target), "query in target");
    require(rq->body.len <= MAX_BODY, "the body has its limit");
    require(rq->header_count <= HTTP_MAX_HEADERS, "the number of headers has its limit");
    require(http_header_count(rq, VIEW_LIT("host")) <= 1, "never two hosts");
    buf_printf(log, "%d %d %u ", rq->keep_alive, rq->upgrade, rq->minor);
    buf_append_view(log, rq->method);
    buf_append_view(log, rq->target);
    for (size_t i = 0; i < rq->header_count; i++) {
        require(rq->headers[i].name.len != 0, "headers have names");
        require(!has_line_end(rq->headers[i].value), "no line ends in headers");
        buf_append_view(log, rq->headers[i].name);
        buf_append_view(log, rq->headers[i].value);
    }
    buf_append_view(log, rq->body);
    if (http_query_get(rq->query, VIEW_LIT("k"), &value))
        require(value.len <= rq->query.len, "decoding never lengthens");
    buf_append_view(log, buf_view(&value));
    buf_fini(&value);
    check_handshake(rq, log);
}

typedef struct run {
    http_session *session;
    buf log;
    size_t taken;
    bool over; /* an error, or an upgrade */
} run;

static void note_end(run *r, http_state state)
{
    const char *reason = NULL;

    if (state == HTTP_REQUEST) {
        require(!http_session_busy(r->session), "not busy after a request");
        check_request(http_session_request(r->session), &r->log);
        r->over = http_session_request(r->session)->upgrade;
        if (!r->over)
            http_session_next(r->session);
    } else if (state == HTTP_BAD) {
        int status = http_session_status(r->session, &reason);

        require(status >= 400 && status <= 505 && reason != NULL, "an error has status and reason");
        buf_printf(&r->log, "bad %d\n", status);
        r->over = true;
    }
}

static void feed(run *r, view bytes)
{
    while (bytes.len != 0 && !r->over) {
        size_t used = 0;
        http_state state = http_session_feed(r->session, bytes, &used);

        require(used != 0 && used <= bytes.len, "some bytes are taken, never more than given");
        require(state != HTTP_NEED_MORE || used == bytes.len, "all are taken when more are needed");
        r->taken += used;
        bytes = view_skip(bytes, used);
        note_end(r, state);
    }
}

/* Feeds in pieces of `step` bytes. The log ends with how many were taken. */
static buf feed_in_steps(view bytes, size_t step)
{
    run r = {.session = http_session_new(MAX_BODY)};

    require(r.session != NULL, "memory for the session");
    while (bytes.len != 0 && !r.over) {
        size_t len = bytes.len < step ? bytes.len : step;

        feed(&r, (view){bytes.ptr, len});
        bytes = view_skip(bytes, len);
    }
    buf_printf(&r.log, "taken %zu busy %d", r.taken, http_session_busy(r.session));
    http_session_free(r.session);
    return r.log;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_splits((view){.ptr = (const char *)data, .len = size}, feed_in_steps);
    return 0;
}
