/* SPDX-License-Identifier: MIT */
/* What each command does. */
#include "client_internal.h"

/* ---- channels ---- */

/* Permitted: `claims` are those of the token, or zeroed. */
static void subscribe(client *c, const command *cmd, const auth_claims *claims, uint64_t now_ms)
{
    static const auth_grant nothing_special = {0};
    const auth_grant *grant = claims->grant_count != 0 ? claims->grants : &nothing_special;
    const subscribe_request *rq = &cmd->subscribe;
    term t;

    if (!term_until(claims->expire_at_s, &t)) {
        client_error(c, cmd->id, PROTOCOL_EXPIRED);
        return;
    }

    channel_options o = overridden_options(c, rq->channel, &grant->override);
    position_wish wish = position_wish_of(c, &o, rq);
    subscribe_result result = {.expires = t.expires, .ttl_s = t.ttl_s, .data = grant->data};
    hub_sub_opts opts = {
        .delivery = delivery_of(c, rq->channel),
        .info = grant->info,
        .expires_at_s = term_end_s(&t, now_ms),
        .flags = sub_flags(c, &o, &grant->override, rq->join_leave),
    };

    if (!rules_interval(&o, rq->data, &opts.interval_ms) ||
        (opts.interval_ms != 0 && wish.recoverable && !wish.latest)) { /* all, and not all */
        client_error(c, cmd->id, PROTOCOL_BAD_REQUEST);
        return;
    }

    bool ready = expiry_expect_sub(c, opts.expires_at_s);

    if (ready && wish.positioned)
        subscribe_positioned(c, cmd, &opts, &wish, &result, now_ms);
    else if (ready && hub_subscribe(&c->conn, rq->channel, &opts) == GCAST_OK)
        reply_subscribe(client_next_reply(c), cmd->id, &result);
    else
        client_error(c, cmd->id, PROTOCOL_INTERNAL);
}

/* Subscribes as far as the token says so. */
static void subscribe_by_token(client *c, const command *cmd, uint64_t now_ms)
{
    const subscribe_request *rq = &cmd->subscribe;
    auth_claims claims;

    switch (judge_sub_token(c, rq->channel, rq->token, &claims)) {
    case AUTH_VALID:
        subscribe(c, cmd, &claims, now_ms);
        break;
    case AUTH_EXPIRED:
        client_error(c, cmd->id, PROTOCOL_TOKEN_EXPIRED);
        break;
    case AUTH_INVALID:
        if (claims.grant_count != 0)
            client_disconnect(c, DISCONNECT_INVALID_TOKEN);
        else
            client_error(c, cmd->id, PROTOCOL_PERMISSION_DENIED);
        break;
    case AUTH_OUT_OF_MEMORY:
        client_error(c, cmd->id, PROTOCOL_INTERNAL);
        break;
    }
    auth_claims_fini(&claims);
}

static void do_subscribe(client *c, const command *cmd, uint64_t now_ms)
{
    const subscribe_request *rq = &cmd->subscribe;
    bool known_delta = rq->delta.len == 0 || view_eq(rq->delta, VIEW_LIT("fossil"));
    protocol_error err;

    if (rq->channel.len == 0 || !known_delta) {
        client_disconnect(c, DISCONNECT_BAD_REQUEST);
        return;
    }
    if ((err = may_subscribe(c, rq->channel, rq)) != PROTOCOL_OK)
        client_error(c, cmd->id, err);
    else if (rq->token.len != 0)
        subscribe_by_token(c, cmd, now_ms);
    else
        subscribe(c, cmd, &(auth_claims){0}, now_ms);
}

static void do_unsubscribe(client *c, const command *cmd)
{
    if (cmd->unsubscribe.channel.len == 0) {
        client_disconnect(c, DISCONNECT_BAD_REQUEST);
        return;
    }
    (void)hub_unsubscribe(&c->conn, cmd->unsubscribe.channel); /* success also when it was not */
    reply_empty(client_next_reply(c), cmd->id, cmd->kind);
}

static protocol_error publish(client *c, view channel, view data)
{
    hub_client_id id;
    client_info info = hub_client_info(&c->conn, hub_sub_find(&c->conn, channel), &id);
    publication pub = {.data = data, .info = &info};

    const channel_options *o = config_channel_options(c->desk->cfg, channel);
    hub_publish_opts opts = {.delivery = delivery_of(c, channel),
                             .keep = rules_keep(c->desk->cfg, o)};

    return hub_publish_opt(c->desk->hub, channel, &pub, &opts) == GCAST_OK ? PROTOCOL_OK
                                                                           : PROTOCOL_INTERNAL;
}

static void do_publish(client *c, const command *cmd)
{
    view channel = cmd->publish.channel;
    protocol_error err;

    if (channel.len == 0) {
        client_disconnect(c, DISCONNECT_BAD_REQUEST);
        return;
    }
    err = cmd->publish.data.len == 0 ? PROTOCOL_BAD_REQUEST : may_publish(c, channel);
    if (err == PROTOCOL_OK)
        err = publish(c, channel, cmd->publish.data);
    if (err != PROTOCOL_OK) {
        client_error(c, cmd->id, err);
        return;
    }
    reply_empty(client_next_reply(c), cmd->id, cmd->kind);
}

/* ---- all of them ---- */

static void run(client *c, const command *cmd, uint64_t now_ms)
{
    switch (cmd->kind) {
    case COMMAND_CONNECT:
        do_connect(c, cmd, now_ms);
        return;
    case COMMAND_SUBSCRIBE:
        do_subscribe(c, cmd, now_ms);
        return;
    case COMMAND_UNSUBSCRIBE:
        do_unsubscribe(c, cmd);
        return;
    case COMMAND_PUBLISH:
        do_publish(c, cmd);
        return;
    case COMMAND_PRESENCE:
    case COMMAND_PRESENCE_STATS:
        do_presence(c, cmd, now_ms);
        return;
    case COMMAND_HISTORY:
        do_history(c, cmd, now_ms);
        return;
    case COMMAND_RPC:
        client_error(c, cmd->id, PROTOCOL_NOT_AVAILABLE);
        return;
    case COMMAND_REFRESH:
        do_refresh(c, cmd, now_ms);
        return;
    case COMMAND_SUB_REFRESH:
        do_sub_refresh(c, cmd, now_ms);
        return;
    case COMMAND_SEND:
        client_disconnect(c, DISCONNECT_NOT_AVAILABLE); /* nobody here takes messages */
        return;
    case COMMAND_PONG:
        if (!heartbeat_pong(c))
            client_disconnect(c, DISCONNECT_BAD_REQUEST);
        return;
    case COMMAND_NONE:
        break;
    }
    client_disconnect(c, DISCONNECT_BAD_REQUEST);
}

void client_command(client *c, const command *cmd, uint64_t now_ms)
{
    bool first = c->state == CLIENT_NEW;

    metric_add(&hub_worker_metrics(c->desk->worker)->x_commands, 1);
    if (first != (cmd->kind == COMMAND_CONNECT)) {
        client_disconnect(c, DISCONNECT_BAD_REQUEST); /* connect comes first, and once */
        return;
    }
    run(c, cmd, now_ms);
}
