/* SPDX-License-Identifier: MIT */
/*
 * One request and its answer, between the transport that has the connection and a handler that
 * knows what to say. The handler answers exactly once: before it returns, or later if it has said
 * so with http_exchange_defer().
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http.h"

typedef struct http_exchange http_exchange;

struct http_exchange {
    const http_request *request; /* good until the answer */
    const void *note;            /* of the route's admit(); NULL if it was not asked */
    /* Sends the answer; the response and all it points to may go afterwards. Out of memory: the
     * connection ends. The exchange is not to be used any more. */
    void (*reply)(http_exchange *x, const http_response *response);
    http_exchange *(*defer)(http_exchange *x); /* http_exchange_defer() */
};

/*
 * Has the answer come later: reply() is called on the same thread, once, on the exchange returned
 * here, instead of x. The request stays as it is; further ones of the connection wait. The peer may
 * be gone by then, in which case the answer goes nowhere. A server that stops waits for it.
 *
 * returns   NULL: out of memory; answer on x, now
 */
static inline http_exchange *http_exchange_defer(http_exchange *x)
{
    return x->defer(x);
}

/* Bytes that a request may carry where no body is wanted; it is thrown away with the answer. */
enum { HTTP_SMALL_BODY = 16384 };

/* What a request may bring. */
typedef struct http_admission {
    size_t max_body;  /* bytes */
    const void *note; /* for the handler, so that nothing has to be found out twice */
} http_admission;

/* Who answers what: the first route whose path fits. */
typedef struct http_route {
    view path;
    bool below; /* also every path that continues with a slash */
    void (*handle)(void *arg, http_exchange *x);
    /* Asked when the head of a request that has a body is there; NULL: HTTP_SMALL_BODY. */
    http_admission (*admit)(void *arg, const http_request *head);
    void *arg;
} http_route;

#endif
