/* SPDX-License-Identifier: MIT */
/* What each command does. */
#include "client_internal.h"
#include "clock.h"

/* ---- connect ---- */

/* Whether the client may come in without a token, and as whom. */
static bool identify(const client *c, view *user)
{
    const config *cfg = c->desk->cfg;

    *user = view_of(c->user);
    return user->len != 0 || cfg->client.insecure ||
           cfg->client.allow_anonymous_connect_without_token;
}

static void answer_connect(client *c, uint32_t id)
{
    const config *cfg = c->desk->cfg;
    hub_client_id client_id = hub_conn_client_id(&c->conn);
    connect_result result = {
        .client = {client_id.text, HUB_CLIENT_ID_LEN},
        .version = VIEW_LIT(GRACECAST_VERSION " Gracecast"),
        .ping_s = (uint32_t)((cfg->client.ping_interval_ms + 999) / 1000),
        .pong = cfg->client.ping_interval_ms != 0 && cfg->client.pong_timeout_ms != 0,
        .time_ms = cfg->client.connect_include_server_time ? clock_wall_ms() : 0,
    };

    reply_connect(client_next_reply(c), id, &result);
}

static void do_connect(client *c, const command *cmd, uint64_t now_ms)
{
    view user;

    if (cmd->connect.token.len != 0) {
        client_disconnect(c, DISCONNECT_INVALID_TOKEN); /* there are no keys to verify it with */
        return;
    }
    if (!identify(c, &user)) {
        client_disconnect(c, DISCONNECT_BAD_REQUEST);
        return;
    }
    if (hub_conn_join(&c->conn, user, (view){0}) != GCAST_OK) {
        metric_add(&hub_worker_metrics(c->desk->worker)->x_out_of_memory, 1);
        client_disconnect(c, DISCONNECT_INTERNAL);
        return;
    }
    c->state = CLIENT_CONNECTED;
    client_close(c); /* the user's name lives in the hub from now on */
    heartbeat_start(c, now_ms);
    answer_connect(c, cmd->id);
}

/* ---- channels ---- */

static void do_subscribe(client *c, const command *cmd, uint64_t now_ms)
{
    const subscribe_request *rq = &cmd->subscribe;
    bool known_delta = rq->delta.len == 0 || view_eq(rq->delta, VIEW_LIT("fossil"));
    protocol_error err;

    if (rq->channel.len == 0 || !known_delta) {
        client_disconnect(c, DISCONNECT_BAD_REQUEST);
        return;
    }
    if ((err = may_subscribe(c, rq->channel, rq)) != PROTOCOL_OK) {
        client_error(c, cmd->id, err);
        return;
    }

    hub_sub_opts opts = {
        .delivery = delivery_of(c, rq->channel),
        .flags = join_leave_flags(c, rq),
    };

    position_wish wish = position_wish_of(c, config_channel_options(c->desk->cfg, rq->channel), rq);

    err = pace_of(c, rq->channel, rq->data, &opts.interval_ms);
    if (opts.interval_ms != 0 && wish.recoverable && !wish.latest)
        err = PROTOCOL_BAD_REQUEST; /* it wants every publication, and not */
    if (err != PROTOCOL_OK) {
        client_error(c, cmd->id, err);
        return;
    }
    if (wish.positioned) {
        subscribe_positioned(c, cmd, &opts, &wish, now_ms);
        return;
    }
    if (hub_subscribe(&c->conn, rq->channel, &opts) != GCAST_OK) {
        client_error(c, cmd->id, PROTOCOL_INTERNAL);
        return;
    }
    reply_subscribe(client_next_reply(c), cmd->id, &(subscribe_result){0});
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
    case COMMAND_REFRESH:
    case COMMAND_SUB_REFRESH:
        client_error(c, cmd->id, PROTOCOL_NOT_AVAILABLE);
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
