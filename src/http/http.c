/* SPDX-License-Identifier: MIT */
/*
 * A session works in two steps. The head is collected, each byte checked by the guard as it comes,
 * and given to http-parser in one piece when it is whole: so names and values are views into one
 * buffer, and how the network cut the bytes cannot matter. The body goes through in pieces, never a
 * byte beyond the end of the request.
 */

/* http-parser's HTTP_REQUEST is a kind of parser, ours a state: give its own another name. */
#define HTTP_REQUEST HTTP_PARSER_REQUEST
#include <http_parser.h>
#undef HTTP_REQUEST

#include "http.h"

#include <stdlib.h>

#include "chunk.h"
#include "guard.h"

enum { KEEP_BODY = 65536 }; /* bytes of body buffer kept for the next request */

typedef enum part {
    PART_HEAD,
    PART_SIZED_BODY, /* Content-Length */
    PART_CHUNKED_BODY,
} part;

struct http_session {
    size_t max_body;
    size_t (*limit)(void *arg, const http_request *head); /* NULL: max_body holds for all */
    void *limit_arg;
    http_parser parser;
    part part;
    http_state state;
    guard guard;
    chunk chunk;
    uint64_t body_left; /* bytes of a sized body still to come */
    bool complete;      /* http-parser has seen the end of the request */
    bool expects_continue;
    int status;
    const char *reason;
    buf head;
    buf body;
    http_request request;
    http_header headers[HTTP_MAX_HEADERS];
};

static void refuse(http_session *s, int status, const char *reason)
{
    s->state = HTTP_BAD;
    s->status = status;
    s->reason = reason;
}

static void refuse_no_memory(http_session *s)
{
    refuse(s, 503, "out of memory");
}

/* The five callbacks of http-parser. It has the head in one piece: each text comes once. */

static int on_url(http_parser *parser, const char *at, size_t len)
{
    http_session *s = parser->data;

    s->request.target = (view){.ptr = at, .len = len};
    return 0;
}

static int on_header_field(http_parser *parser, const char *at, size_t len)
{
    http_session *s = parser->data;

    if (s->part == PART_HEAD) /* the guard has limited their number; a trailer is skipped */
        s->headers[s->request.header_count++] = (http_header){.name = {.ptr = at, .len = len}};
    return 0;
}

static int on_header_value(http_parser *parser, const char *at, size_t len)
{
    http_session *s = parser->data;

    while (len != 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    if (s->part == PART_HEAD)
        s->headers[s->request.header_count - 1].value = (view){.ptr = at, .len = len};
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    http_session *s = parser->data;

    buf_append(&s->body, at, len);
    return s->body.failed;
}

static int on_message_complete(http_parser *parser)
{
    http_session *s = parser->data;

    s->complete = true;
    return 0;
}

static const http_parser_settings settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

static void refuse_parser_error(http_session *s)
{
    switch (HTTP_PARSER_ERRNO(&s->parser)) {
    case HPE_CB_body:
        refuse_no_memory(s);
        break;
    case HPE_INVALID_METHOD:
        refuse(s, 501, "unknown method");
        break;
    case HPE_INVALID_TRANSFER_ENCODING: /* RFC 9112 section 6.3: chunked has to be the last one */
        refuse(s, 400, "bad Transfer-Encoding");
        break;
    case HPE_UNEXPECTED_CONTENT_LENGTH:
        refuse(s, 400, "the length of the body is given twice");
        break;
    case HPE_INVALID_CONTENT_LENGTH:
        refuse(s, 400, "bad Content-Length");
        break;
    default:
        refuse(s, 400, "not an HTTP request");
    }
}

/* false: the request is refused. */
static bool parse(http_session *s, view bytes)
{
    size_t parsed = http_parser_execute(&s->parser, &settings, bytes.ptr, bytes.len);

    if (parsed == bytes.len && HTTP_PARSER_ERRNO(&s->parser) == HPE_OK)
        return true;
    refuse_parser_error(s);
    return false;
}

static bool is_host_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("-._~!$&'()*+,;=:[]%", c) != NULL);
}

/* RFC 9112 section 3.2: exactly one, and of the form of a host (RFC 3986 section 3.2.2) */
static bool check_host(http_session *s)
{
    size_t count = http_header_count(&s->request, VIEW_LIT("host"));
    view host = {0};

    if (count > 1 || (count == 0 && s->request.minor >= 1)) {
        refuse(s, 400, "needs exactly one Host");
        return false;
    }
    (void)http_header_get(&s->request, VIEW_LIT("host"), &host); /* HTTP/1.0 may have none */
    for (size_t i = 0; i < host.len; i++) {
        if (!is_host_char(host.ptr[i])) {
            refuse(s, 400, "bad Host");
            return false;
        }
    }
    return true;
}

/* RFC 9112 section 6.1: only a lone "chunked" is understood, and only from HTTP/1.1 on. */
static bool check_transfer_encoding(http_session *s)
{
    size_t count = http_header_count(&s->request, VIEW_LIT("transfer-encoding"));
    view coding;

    if (count == 0)
        return true;
    if (count > 1 || s->request.minor == 0) {
        refuse(s, 400, "bad Transfer-Encoding");
        return false;
    }
    (void)http_header_get(&s->request, VIEW_LIT("transfer-encoding"), &coding); /* it is there */
    if (view_eq_nocase(coding, VIEW_LIT("chunked")))
        return true;
    refuse(s, 501, "unknown Transfer-Encoding");
    return false;
}

/* RFC 9110 section 10.1.1; HTTP/1.0 clients cannot wait for a 100. */
static bool check_expect(http_session *s)
{
    view expect;

    if (s->request.minor == 0 || !http_header_get(&s->request, VIEW_LIT("expect"), &expect))
        return true;
    s->expects_continue = view_eq_nocase(expect, VIEW_LIT("100-continue"));
    if (!s->expects_continue)
        refuse(s, 417, "unknown Expect");
    return s->expects_continue;
}

static view url_field(const http_session *s, const struct http_parser_url *url, int field)
{
    if ((url->field_set & (1U << field)) == 0)
        return (view){.ptr = "", .len = 0};
    return (view){.ptr = s->request.target.ptr + url->field_data[field].off,
                  .len = url->field_data[field].len};
}

/* Origin form, absolute form and the asterisk (RFC 9112 section 3.2). */
static bool split_target(http_session *s)
{
    struct http_parser_url url;

    http_parser_url_init(&url);
    if (http_parser_parse_url(s->request.target.ptr, s->request.target.len, 0, &url) != 0) {
        refuse(s, 400, "bad request target");
        return false;
    }
    s->request.path = url_field(s, &url, UF_PATH);
    s->request.query = url_field(s, &url, UF_QUERY);
    if (s->request.path.len == 0) /* "http://host" */
        s->request.path = VIEW_LIT("/");
    return true;
}

/* A tunnel is nothing we offer, and what follows its request would not be HTTP. */
static bool check_method(http_session *s)
{
    if (s->parser.method == HTTP_CONNECT)
        refuse(s, 501, "CONNECT is not supported");
    return s->parser.method != HTTP_CONNECT;
}

static void begin_body(http_session *s)
{
    if (s->complete) {
        s->state = HTTP_REQUEST;
        return;
    }
    if (s->limit != NULL)
        s->max_body = s->limit(s->limit_arg, &s->request);
    if ((s->parser.flags & F_CHUNKED) != 0) {
        s->part = PART_CHUNKED_BODY;
        guard_begin_trailer(&s->guard);
        return;
    }
    s->part = PART_SIZED_BODY;
    s->body_left = s->parser.content_length;
    if (s->body_left > s->max_body)
        refuse(s, 413, "body too large");
}

/* http-parser's own reading of Connection misses tokens after an empty list element. */
static void read_connection(http_request *rq)
{
    rq->keep_alive =
        rq->minor >= 1 && !http_header_has_token(rq, VIEW_LIT("connection"), VIEW_LIT("close"));
    rq->upgrade = http_header_count(rq, VIEW_LIT("upgrade")) != 0 &&
                  http_header_has_token(rq, VIEW_LIT("connection"), VIEW_LIT("upgrade"));
}

static void finish_head(http_session *s)
{
    http_request *rq = &s->request;

    http_parser_init(&s->parser, HTTP_PARSER_REQUEST);
    s->parser.data = s;
    if (!parse(s, buf_view(&s->head)))
        return;
    rq->method = view_of(http_method_str((enum http_method)s->parser.method));
    rq->headers = s->headers;
    rq->minor = s->parser.http_minor;
    read_connection(rq);
    if (check_method(s) && check_host(s) && check_transfer_encoding(s) && check_expect(s) &&
        split_target(s))
        begin_body(s);
}

/* Each of the next three takes some of `bytes` (at least one, unless it refuses) and returns how
 * many. */

static size_t feed_head(http_session *s, view bytes)
{
    guard_result result = GUARD_MORE;
    size_t taken = 0;

    while (taken < bytes.len && result == GUARD_MORE) {
        if (guard_can_skip(&s->guard))
            taken += guard_skip(&s->guard, view_skip(bytes, taken));
        if (taken < bytes.len)
            result = guard_step(&s->guard, (unsigned char)bytes.ptr[taken++]);
    }
    if (result == GUARD_BAD) {
        refuse(s, s->guard.status, s->guard.reason);
        return taken;
    }
    buf_append(&s->head, bytes.ptr, taken);
    if (s->head.failed)
        refuse_no_memory(s);
    else if (result == GUARD_END)
        finish_head(s);
    return taken;
}

static size_t feed_sized_body(http_session *s, view bytes)
{
    size_t taken = bytes.len < s->body_left ? bytes.len : (size_t)s->body_left;

    s->body_left -= taken;
    (void)parse(s, (view){.ptr = bytes.ptr, .len = taken}); /* the state tells */
    return taken;
}

static size_t step_chunk(http_session *s, view bytes)
{
    if (s->chunk.place == CHUNK_TRAILER) {
        if (guard_step(&s->guard, (unsigned char)bytes.ptr[0]) == GUARD_BAD)
            refuse(s, s->guard.status, s->guard.reason);
        return 1;
    }
    if (s->chunk.place == CHUNK_DATA) {
        size_t taken = bytes.len < s->chunk.left ? bytes.len : (size_t)s->chunk.left;

        chunk_pass_data(&s->chunk, taken);
        return taken;
    }
    if (!chunk_step(&s->chunk, (unsigned char)bytes.ptr[0]))
        refuse(s, 400, "bad chunk");
    else if (s->chunk.place == CHUNK_DATA && s->chunk.left > s->max_body - s->body.len)
        refuse(s, 413, "body too large");
    return 1;
}

static size_t feed_chunked_body(http_session *s, view bytes)
{
    size_t taken = step_chunk(s, bytes);

    if (s->state != HTTP_BAD)
        (void)parse(s, (view){.ptr = bytes.ptr, .len = taken}); /* the state tells */
    return taken;
}

static size_t feed_part(http_session *s, view bytes)
{
    switch (s->part) {
    case PART_SIZED_BODY:
        return feed_sized_body(s, bytes);
    case PART_CHUNKED_BODY:
        return feed_chunked_body(s, bytes);
    default:
        return feed_head(s, bytes);
    }
}

http_session *http_session_new(size_t max_body)
{
    http_session *s = calloc(1, sizeof *s);

    if (s != NULL)
        s->max_body = max_body;
    return s;
}

void http_session_limit_by_head(http_session *s,
                                size_t (*limit)(void *arg, const http_request *head), void *arg)
{
    s->limit = limit;
    s->limit_arg = arg;
}

void http_session_free(http_session *s)
{
    if (s == NULL)
        return;
    buf_fini(&s->head);
    buf_fini(&s->body);
    free(s);
}

http_state http_session_feed(http_session *s, view bytes, size_t *used)
{
    *used = 0;
    if (s->state == HTTP_REQUEST)
        http_session_next(s);
    while (s->state == HTTP_NEED_MORE && *used < bytes.len) {
        *used += feed_part(s, view_skip(bytes, *used));
        if (s->complete && s->state == HTTP_NEED_MORE)
            s->state = HTTP_REQUEST;
    }
    s->request.body = buf_view(&s->body);
    return s->state;
}

const http_request *http_session_request(const http_session *s)
{
    return &s->request;
}

int http_session_status(const http_session *s, const char **reason)
{
    *reason = s->reason;
    return s->status;
}

void http_session_next(http_session *s)
{
    if (s->body.cap > KEEP_BODY)
        buf_fini(&s->body);
    buf_reset(&s->head);
    buf_reset(&s->body);
    s->part = PART_HEAD;
    s->state = HTTP_NEED_MORE;
    s->guard = (guard){0};
    s->chunk = (chunk){0};
    s->complete = false;
    s->expects_continue = false;
    s->request = (http_request){0};
}

bool http_session_busy(const http_session *s)
{
    return s->state == HTTP_NEED_MORE && s->guard.place != GUARD_BEFORE;
}

bool http_session_wants_continue(http_session *s)
{
    bool wants = s->expects_continue && s->state == HTTP_NEED_MORE && s->body.len == 0;

    s->expects_continue = s->expects_continue && !wants;
    return wants;
}
