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
    /* Sends the answer; the response and all it points to may go afterwards. */
    void (*reply)(struct http_exchange *x, const http_response *response);
} http_exchange;

/* Who answers what: the first route whose path fits. */
typedef struct http_route {
    view path;
    bool below; /* also every path that continues with a slash */
    void (*handle)(void *arg, http_exchange *x);
    void *arg;
} http_route;

#endif
