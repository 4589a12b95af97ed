/* SPDX-License-Identifier: MIT */
/*
 * One request and its answer, between the transport that has the connection and a handler that
 * knows what to say. The handler answers exactly once, before it returns.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http.h"

typedef struct http_exchange {
    const http_request *request;
    /* Sends the answer; the response and all it points to may go afterwards. Out of memory: the
     * connection ends. */
    void (*reply)(struct http_exchange *x, const http_response *response);
} http_exchange;

/* What a request may carry where no body is wanted; it is thrown away with the answer. */
enum { HTTP_SMALL_BODY = 16384 };

/* Who answers what: the first route whose path fits. */
typedef struct http_route {
    view path;
    bool below; /* also every path that continues with a slash */
    void (*handle)(void *arg, http_exchange *x);
    /* How many bytes of body the request with this head may have; NULL: HTTP_SMALL_BODY. */
    size_t (*max_body)(void *arg, const http_request *head);
    void *arg;
} http_route;

#endif
