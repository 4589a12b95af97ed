/* SPDX-License-Identifier: MIT */
/*
 * Commands that are answered later. Meanwhile the client's further messages wait, so that replies keep
 * the order of commands; their bytes are bounded like those that wait on the way out.
 */
#include "client_internal.h"

/* A line feed goes between messages; one at the end of a message would make an empty line of it. */
static view without_last_feed(view message)
{
    bool feed = message.len != 0 && message.ptr[message.len - 1] == '\n';

    return (view){.ptr = message.ptr, .len = message.len - (feed ? 1 : 0)};
}

void wait_keep(client *c, view message)
{
    client_wait *w = c->wait;

    if (w->messages.len - w->taken + message.len > c->desk->cfg->client.queue_max_size_bytes) {
        client_disconnect(c, DISCONNECT_TOO_MANY_REQUESTS);
        return;
    }
    if (w->messages.len != 0)
        buf_append_char(&w->messages, '\n');
    buf_append_view(&w->messages, without_last_feed(message));
    if (w->messages.failed)
        client_disconnect(c, DISCONNECT_INTERNAL);
}

void wait_begin(client *c, client_wait *w, uint64_t now_ms)
{
    w->now_ms = now_ms;
    c->wait = w;
}

/* c waits again: `rest`, the end of these messages, stays with them, since thousands of commands may wait
 * one after the other. What has been handled goes when it is the greater part. */
static void keep_on(client_wait *w, buf *messages, view rest)
{
    w->messages = *messages;
    w->taken = messages->len - rest.len;
    if (w->taken <= rest.len)
        return;
    buf_consume(&w->messages, w->taken);
    w->taken = 0;
}

void wait_end(client *c, client_wait *w)
{
    buf messages = w->messages;
    view rest = buf_view(&messages);

    if (w->taken != 0)
        rest = view_skip(rest, w->taken);
    c->wait = NULL;
    w->messages = (buf){0};
    rest = client_lines(c, rest, w->now_ms);
    if (rest.len != 0)
        keep_on(c->wait, &messages, rest);
    else
        buf_fini(&messages);
}

void wait_cancel(client *c)
{
    client_wait *w = c->wait;

    if (w == NULL)
        return;
    c->wait = NULL;
    buf_fini(&w->messages);
    w->cancel(w);
}
