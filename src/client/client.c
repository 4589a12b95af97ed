/* SPDX-License-Identifier: MIT */
/* A client from its handshake to its end, and how its messages are taken apart. */
#include "client.h"

#include <stdlib.h>

#include "client_internal.h"

bool client_desk_init(client_desk *d, const config *cfg, const client_tokens *tokens, hub *h,
                      hub_worker *worker, const hub_sink *sink)
{
    *d = (client_desk){.cfg = cfg, .tokens = tokens, .hub = h, .worker = worker, .sink = sink};
    d->ping = sink->frame(VIEW_LIT("{}"));
    return d->ping != NULL;
}

void client_desk_fini(client_desk *d)
{
    frame_put(d->ping);
    buf_fini(&d->replies);
    buf_fini(&d->scratch);
}

void client_open(client *c, client_desk *d, view user, uint64_t now_ms)
{
    c->desk = d;
    c->state = CLIENT_NEW;
    c->pong_due = false;
    c->beat_ms = UINT64_MAX;
    c->wait = NULL;
    c->deadline_ms = d->cfg->client.stale_close_delay_ms == 0
                         ? UINT64_MAX
                         : now_ms + d->cfg->client.stale_close_delay_ms;
    c->user = user.len == 0 ? NULL : strndup(user.ptr, user.len);
    if (c->user == NULL && user.len != 0)
        client_disconnect(c, DISCONNECT_INTERNAL);
}

void client_forget_user(client *c)
{
    free(c->user);
    c->user = NULL;
}

void client_close(client *c)
{
    wait_cancel(c);
    if (c->state == CLIENT_CONNECTED)
        expiry_forget(c);
    else
        client_forget_user(c);
}

enum { REPLIES_KEPT = 65536 }; /* room for replies that a worker keeps */

/* Empty again. Who is in a large channel takes megabytes: that memory is not kept for ever. */
static void reset_replies(buf *replies)
{
    if (replies->cap > REPLIES_KEPT)
        buf_fini(replies);
    else
        buf_reset(replies);
}

/* What has been answered so far goes out as one message; if c is held, before all else. */
static void flush_replies(client *c, bool held)
{
    buf *replies = &c->desk->replies;
    frame *f;

    if (replies->len == 0 && !replies->failed)
        return;
    f = replies->failed ? NULL : c->desk->sink->frame(buf_view(replies));
    reset_replies(replies);
    if (f != NULL && held)
        hub_conn_unhold(&c->conn, f);
    else if (f != NULL)
        hub_conn_send_frame(&c->conn, f);
    frame_put(f);
    if (f != NULL)
        return;
    metric_add(&hub_worker_metrics(c->desk->worker)->x_out_of_memory, 1);
    client_disconnect(c, DISCONNECT_INTERNAL);
}

void client_unhold(client *c)
{
    flush_replies(c, true);
}

void client_disconnect(client *c, disconnect_code code)
{
    if (c->conn.closing)
        return;
    if (c->desk->replies.failed)
        buf_reset(&c->desk->replies); /* half a reply helps nobody */
    flush_replies(c, false);
    if (c->conn.closing)
        return; /* already, because the replies could not be sent */
    c->desk->sink->disconnect(&c->conn, code, view_of(disconnect_text(code)));
}

buf *client_next_reply(client *c)
{
    buf *replies = &c->desk->replies;

    if (replies->len != 0)
        buf_append_char(replies, '\n');
    return replies;
}

void client_error(client *c, uint32_t id, protocol_error code)
{
    metric_add(&hub_worker_metrics(c->desk->worker)->x_reply_errors, 1);
    reply_error(client_next_reply(c), id, code);
}

static void keep_rest(client *c, view rest)
{
    if (rest.len != 0)
        wait_keep(c, rest);
}

void client_message(client *c, view message, uint64_t now_ms)
{
    metric_add(&hub_worker_metrics(c->desk->worker)->x_messages_received, 1);
    if (message.len == 0 || c->state == CLIENT_REFUSED)
        client_disconnect(c, DISCONNECT_BAD_REQUEST);
    else if (c->wait != NULL)
        wait_keep(c, message);
    else
        keep_rest(c, client_lines(c, message, now_ms));
}

/* After a refused connect nothing more of the message is looked at. */
static bool goes_on(const client *c)
{
    return !c->conn.closing && c->wait == NULL && c->state != CLIENT_REFUSED;
}

view client_lines(client *c, view lines, uint64_t now_ms)
{
    view rest = lines;
    view line;

    while (goes_on(c) && command_next_line(&rest, &line)) {
        command cmd;

        if (command_decode(line, &cmd, &c->desk->scratch))
            client_command(c, &cmd, now_ms);
        else if (c->desk->scratch.failed)
            client_disconnect(c, DISCONNECT_INTERNAL);
        else
            client_disconnect(c, DISCONNECT_BAD_REQUEST);
    }
    if (!c->conn.closing)
        flush_replies(c, false);
    buf_reset(&c->desk->replies);
    return c->wait != NULL && !c->conn.closing ? rest : (view){0};
}
