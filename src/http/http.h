/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 as bytes in, requests out (RFC 9112), on http-parser. Knows nothing of sockets or time:
 * the caller feeds what it read and asks what came of it.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "view.h"

enum {
    HTTP_MAX_HEAD = 16384,  /* bytes of request line and headers together: else 431 (or 414) */
    HTTP_MAX_TARGET = 8192, /* bytes of the request target: else 414 */
    HTTP_MAX_HEADERS = 100, /* else 431 */
};

typedef struct http_header {
    view name;
    view value;
} http_header;

typedef struct http_request {
    view method; /* "GET" */
    view target; /* as sent: "/api/publish?x=1" */
    view path;   /* "/api/publish", not decoded */
    view query;  /* "x=1", without the question mark; empty if none */
    view body;
    const http_header *headers;
    size_t header_count;
    unsigned minor;  /* of the version HTTP/1.minor */
    bool keep_alive; /* may be followed by another request; never with HTTP/1.0 */
    bool upgrade;    /* asks to leave HTTP after this request */
} http_request;

typedef struct http_session http_session;

typedef enum http_state {
    HTTP_NEED_MORE, /* everything was taken, the request is not complete */
    HTTP_REQUEST,   /* one request is complete: see http_session_request() */
    HTTP_BAD,       /* answer http_session_status() and close */
} http_state;

/*
 * max_body: bytes of a request body, over it 413. NULL: out of memory. A session takes about 4 KB;
 * with it come at most HTTP_MAX_HEAD bytes of head and twice max_body of body, both as they arrive.
 */
http_session *http_session_new(size_t max_body);
void http_session_free(http_session *s); /* NULL is harmless */

/*
 * Has `limit` asked once a request, when its head is there and a body follows: how many bytes of body
 * this request may have, instead of max_body. So nobody has to hold what he is going to refuse.
 */
void http_session_limit_by_head(http_session *s,
                                size_t (*limit)(void *arg, const http_request *head), void *arg);

/*
 * Feeds bytes, in any split. *used = how many were taken; after HTTP_REQUEST the rest belongs to
 * the next request (pipelining) or, after an upgrade, to the new protocol. A request that asks for
 * an upgrade which is not granted is best answered with Connection: close: its sender may already
 * have gone on in the other protocol. After HTTP_BAD nothing more is taken.
 */
http_state http_session_feed(http_session *s, view bytes, size_t *used);

/* After HTTP_REQUEST. Good until the next feed, next or free. */
const http_request *http_session_request(const http_session *s);

/* After HTTP_BAD: the status (400, 413, 414, 417, 431, 501, 503, 505) and a one-line reason, which
 * is ours: it holds no byte of the peer. */
int http_session_status(const http_session *s, const char **reason);

/* Makes ready for the next request of the connection; a feed after HTTP_REQUEST does it, too. Not
 * after HTTP_BAD. */
void http_session_next(http_session *s);

/* true while a request has begun and is not complete (a keep-alive connection is idle otherwise).
 */
bool http_session_busy(const http_session *s);

/* "Expect: 100-continue" was sent and the body is still to come: true once per request. */
bool http_session_wants_continue(http_session *s);

/* The value of a header (name without regard to case); false: not there. With duplicates, the
 * first. */
bool http_header_get(const http_request *rq, view name, view *value);

/* How many times a header is there. */
size_t http_header_count(const http_request *rq, view name);

/* true: `token` is an element of the comma-separated list in any header of that name (no case). */
bool http_header_has_token(const http_request *rq, view name, view token);

/* The value of the first query parameter of that name, percent-decoded, `+` as a space, into *out
 * (appended). The name is compared as sent. false: not there. */
bool http_query_get(view query, view name, buf *out);

/* "200" -> "OK"; "Unknown" for a status we never send. */
const char *http_status_text(int status);

typedef struct http_response {
    int status;
    const char *content_type; /* NULL: text/plain; charset=utf-8 */
    const char *headers;      /* further header lines, each ended by \r\n; NULL: none */
    view body;
    bool close; /* Connection: close */
} http_response;

/* Appends a complete response; HEAD requests get no body (head = true). content_type and headers
 * are the caller's own texts: nothing that a peer sent may go into them. */
void http_write_response(buf *out, const http_response *response, bool head);

#endif
