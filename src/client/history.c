/* SPDX-License-Identifier: MIT */
/* The command history. */
#include <stdlib.h>

#include "client_internal.h"

/* A question that is under way for a client. It goes when both the answer has come and the client waits
 * no more. */
typedef struct history_wait {
    client_wait wait;
    client *client;
    uint32_t id;    /* of the command */
    bool answered;  /* the answer has come */
    bool cancelled; /* the client has gone */
} history_wait;

static void cancel(client_wait *wait)
{
    history_wait *w = container_of(wait, history_wait, wait);

    w->cancelled = true;
    if (w->answered)
        free(w);
}

static void answer(history_wait *w, gcast_err err, const hub_position *top, view publications)
{
    client *c = w->client;
    stream_position at = {.offset = top->offset, .epoch = hub_position_epoch(top)};

    if (err == GCAST_OK)
        reply_history(client_next_reply(c), w->id, publications, at);
    else
        client_error(c, w->id,
                     err == GCAST_ENOENT ? PROTOCOL_UNRECOVERABLE_POSITION : PROTOCOL_INTERNAL);
}

static void on_history(void *arg, gcast_err err, const hub_position *top, view publications)
{
    history_wait *w = arg;
    bool live = !w->cancelled && !w->client->conn.closing;

    w->answered = true;
    if (live) {
        answer(w, err, top, publications);
        wait_end(w->client, &w->wait);
    }
    if (live || w->cancelled)
        free(w); /* else client_close() follows, and cancels */
}

/* PROTOCOL_OK, or what is wrong. */
static protocol_error ask(client *c, const command *cmd, history_wait *w)
{
    const history_request *rq = &cmd->history;
    const channel_options *o = config_channel_options(c->desk->cfg, rq->channel);
    uint32_t most = c->desk->cfg->client.history_max_publication_limit;
    uint32_t limit = rq->limit < 0 ? UINT32_MAX : (uint32_t)rq->limit;
    hub_history_request ask = {
        .delivery = delivery_of(c, rq->channel),
        .meta_ttl_ms = config_history_meta_ttl_ms(c->desk->cfg, o),
        .range = {.has_since = rq->has_since,
                  .since = rq->since.offset,
                  .limit = most != 0 && limit > most ? most : limit,
                  .reverse = rq->reverse},
        .epoch = rq->since.epoch,
    };

    if (rq->reverse && rq->has_since && rq->since.offset == 0)
        return PROTOCOL_BAD_REQUEST;
    if (w == NULL)
        return PROTOCOL_INTERNAL;
    *w = (history_wait){.wait.cancel = cancel, .client = c, .id = cmd->id};
    return hub_history(c->desk->hub, rq->channel, &ask, on_history, w) == GCAST_OK
               ? PROTOCOL_OK
               : PROTOCOL_INTERNAL;
}

void do_history(client *c, const command *cmd, uint64_t now_ms)
{
    protocol_error err;
    history_wait *w;

    if (cmd->history.channel.len == 0) {
        client_disconnect(c, DISCONNECT_BAD_REQUEST);
        return;
    }
    if ((err = may_see_history(c, cmd->history.channel)) != PROTOCOL_OK) {
        client_error(c, cmd->id, err);
        return;
    }
    w = malloc(sizeof *w);
    err = ask(c, cmd, w);
    if (err == PROTOCOL_OK) {
        wait_begin(c, &w->wait, now_ms);
        return;
    }
    free(w);
    client_error(c, cmd->id, err);
}
