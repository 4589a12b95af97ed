/* SPDX-License-Identifier: MIT */
/* Subscriptions that know their position: what the client wants, and what it is told. */
#include <stdlib.h>

#include "client_internal.h"

position_wish position_wish_of(const client *c, const channel_options *o,
                               const subscribe_request *rq)
{
    bool sees_history = subscriber_sees_history(c, o);
    position_wish w = {.latest = o->force_recovery_mode == RECOVERY_CACHE};

    if (!config_keeps_history(o))
        return (position_wish){0};
    bool gaps = config_conflates(o) && !w.latest; /* a stream with gaps is nothing to recover */

    w.recoverable =
        !gaps && (o->force_recovery || (rq->recoverable && (o->allow_recovery || sees_history)));
    w.positioned = w.recoverable || o->force_positioning ||
                   (rq->positioned && (o->allow_positioning || sees_history));
    w.recover = w.recoverable && (rq->recover || (w.latest && o->auto_cache_recover));
    w.reject = !w.latest && (rq->flag & SUBSCRIBE_FLAG_REJECT_UNRECOVERED) != 0;
    return w;
}

void position_join_init(hub_join *j, const client *c, const channel_options *o,
                        const subscribe_request *rq, const position_wish *wish)
{
    uint32_t limit = c->desk->cfg->client.recovery_max_publication_limit;

    j->meta_ttl_ms = config_history_meta_ttl_ms(c->desk->cfg, o);
    j->recover = wish->recover;
    j->latest = wish->latest;
    j->limit = limit == 0 ? UINT32_MAX : limit;
    hub_join_since(j, rq->since.offset, rq->since.epoch);
}

void position_result(subscribe_result *out, const hub_join *j, const hub_joined *r,
                     const position_wish *wish)
{
    out->positioned = wish->positioned;
    out->recoverable = wish->recoverable;
    out->was_recovering = wish->recover;
    out->recovered = r->recovered;
    out->publications = r->publications;
    out->epoch = hub_position_epoch(&r->top);
    /* who has recovered goes on from where it was, publication by publication */
    out->offset = r->recovered ? j->since : r->top.offset;
}

/* ---- the command ---- */

/* A subscribe that waits for its position. */
typedef struct position_wait {
    client_wait wait;
    client *client;
    position_wish wish;
    uint32_t id;             /* of the command */
    subscribe_result result; /* what is told beside the position */
    char data[];             /* result.data is here */
} position_wait;

/* What the hub has; position_wait may go before it. */
typedef struct joining {
    hub_join join;
    position_wait *wait; /* good as long as the hub calls back */
} joining;

static void position_wait_free(client_wait *wait)
{
    free(container_of(wait, position_wait, wait));
}

static void refuse(client *c, uint32_t id, view channel, protocol_error error)
{
    (void)hub_unsubscribe(&c->conn, channel);
    client_error(c, id, error);
}

static void on_joined(hub_join *j, hub_conn *conn, const hub_joined *r)
{
    position_wait *w = container_of(j, joining, join)->wait;
    client *c = container_of(conn, client, conn);
    subscribe_result result = w->result;

    if (r != NULL)
        position_result(&result, j, r, &w->wish);
    if (r != NULL && r->failed)
        refuse(c, w->id, hub_sub_channel(j->sub), PROTOCOL_INTERNAL);
    else if (r != NULL && w->wish.reject && w->wish.recover && !r->recovered)
        refuse(c, w->id, hub_sub_channel(j->sub), PROTOCOL_UNRECOVERABLE_POSITION);
    else
        reply_subscribe(client_next_reply(c), w->id, &result);
    wait_end(c, &w->wait);
    position_wait_free(&w->wait);
}

void subscribe_positioned(client *c, const command *cmd, const hub_sub_opts *opts,
                          const position_wish *wish, const subscribe_result *result,
                          uint64_t now_ms)
{
    const subscribe_request *rq = &cmd->subscribe;
    position_wait *w = malloc(sizeof *w + result->data.len);
    joining *j = calloc(1, sizeof *j);

    if (w != NULL && j != NULL) {
        *w = (position_wait){.wait.cancel = position_wait_free,
                             .client = c,
                             .wish = *wish,
                             .id = cmd->id,
                             .result = *result};
        w->result.data.ptr = w->data;
        if (result->data.len != 0)
            memcpy(w->data, result->data.ptr, result->data.len);
        position_join_init(&j->join, c, config_channel_options(c->desk->cfg, rq->channel), rq,
                           wish);
        j->join.joined = on_joined;
        j->wait = w;
        if (hub_subscribe_positioned(&c->conn, rq->channel, opts, &j->join) == GCAST_OK) {
            wait_begin(c, &w->wait, now_ms);
            return;
        }
    }
    free(w);
    free(j);
    client_error(c, cmd->id, PROTOCOL_INTERNAL);
}
