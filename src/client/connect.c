/* SPDX-License-Identifier: MIT */
/* The command connect: who comes, for how long, and what the server subscribes it to. */
#include <stdlib.h>

#include "channel.h"
#include "client_internal.h"
#include "clock.h"
#include "json.h"

/* Who comes. */
typedef struct identity {
    view user; /* empty: anonymous */
    view info;
    int64_t expire_at_s; /* 0: never */
    auth_claims claims;  /* of the token; zeroed without one */
} identity;

/* ---- who ---- */

/* 0, or why nobody comes in with this token; of one that has expired, *err says so instead. */
static disconnect_code identify_by_token(const client *c, view token, identity *who,
                                         protocol_error *err)
{
    const config *cfg = c->desk->cfg;
    auth_verdict verdict = auth_verify(c->desk->tokens->connection, AUTH_CONNECTION, token,
                                       (int64_t)(clock_wall_ms() / 1000), &who->claims);

    if (verdict != AUTH_VALID)
        log_debug("CLIENT-TOKEN", "client=%s fault=\"%s\"", hub_conn_client_id(&c->conn).text,
                  who->claims.fault);
    if (verdict == AUTH_OUT_OF_MEMORY)
        return DISCONNECT_INTERNAL;
    if (verdict == AUTH_INVALID)
        return DISCONNECT_INVALID_TOKEN;
    if (verdict == AUTH_EXPIRED) {
        *err = PROTOCOL_TOKEN_EXPIRED;
        return 0;
    }
    who->user = who->claims.user;
    who->info = who->claims.info;
    who->expire_at_s = cfg->client.insecure ? 0 : who->claims.expire_at_s;
    if (who->user.len == 0 && cfg->client.disallow_anonymous_connection_tokens)
        return DISCONNECT_PERMISSION_DENIED;
    return 0;
}

/* The same of those who come without. */
static disconnect_code identify_without(const client *c, identity *who)
{
    const config *cfg = c->desk->cfg;

    who->user = view_of(c->user);
    if (who->user.len != 0 || cfg->client.insecure ||
        cfg->client.allow_anonymous_connect_without_token)
        return 0;
    return DISCONNECT_BAD_REQUEST;
}

/* ---- what the server subscribes it to ---- */

/* The subscriptions of one connect command, as they are made. */
typedef struct server_subs {
    connect_sub *made; /* room for all of them */
    size_t count;
    buf personal; /* the name of the personal channel; empty: none */
} server_subs;

static size_t count_members(view object)
{
    json_iter it;
    view value;
    size_t count = 0;

    if (object.len == 0 || !json_iter_init(&it, object))
        return 0;
    while (json_iter_next(&it, NULL, &value))
        count++;
    return count;
}

static void name_personal_channel(const client *c, const identity *who, buf *name)
{
    const config *cfg = c->desk->cfg;
    view space = cfg->client.subscribe_to_user_personal_channel.personal_channel_namespace;

    if (!cfg->client.subscribe_to_user_personal_channel.enabled || who->user.len == 0)
        return;
    buf_append_view(name, space);
    if (space.len != 0)
        buf_append_char(name, ':');
    buf_append_char(name, CHANNEL_USER_BOUNDARY);
    buf_append_view(name, who->user);
}

/* Makes room, and checks the names that are sure to be wanted. */
static protocol_error plan_subs(const client *c, const command *cmd, const identity *who,
                                server_subs *subs)
{
    const channel_options *options;
    size_t count = who->claims.grant_count + count_members(cmd->connect.subs) + 1;
    protocol_error err = PROTOCOL_OK;

    name_personal_channel(c, who, &subs->personal);
    subs->made = calloc(count, sizeof *subs->made);
    if (subs->made == NULL || subs->personal.failed)
        return PROTOCOL_INTERNAL;
    for (size_t i = 0; i < who->claims.grant_count && err == PROTOCOL_OK; i++)
        err = channel_check(c, who->claims.grants[i].channel, &options);
    if (err == PROTOCOL_OK && subs->personal.len != 0)
        err = channel_check(c, buf_view(&subs->personal), &options);
    return err;
}

/* 0, or why the client must go. */
static disconnect_code make_sub(client *c, const auth_grant *grant, uint32_t flags,
                                server_subs *subs)
{
    channel_options o = overridden_options(c, grant->channel, &grant->override);
    hub_sub_opts opts = {
        .delivery = delivery_of(c, grant->channel),
        .info = grant->info,
        .flags = HUB_SUB_SERVER_SIDE | flags | join_leave_flags(c, &o, false),
    };

    if (hub_is_subscribed(&c->conn, grant->channel))
        return 0;
    if (c->conn.sub_count >= c->desk->cfg->client.channel_limit)
        return DISCONNECT_CHANNEL_LIMIT;
    if (hub_subscribe(&c->conn, grant->channel, &opts) != GCAST_OK)
        return DISCONNECT_INTERNAL;
    subs->made[subs->count++] =
        (connect_sub){.channel = grant->channel, .result = {.data = grant->data}};
    return 0;
}

/* One that the client asks for, if it is permitted. */
static disconnect_code make_asked_sub(client *c, view key, view object, server_subs *subs)
{
    buf *scratch = &c->desk->scratch;
    size_t start = scratch->len;
    subscribe_request rq;

    if (!json_string_decode(key, scratch))
        return DISCONNECT_INTERNAL;

    view channel = {.ptr = scratch->data + start, .len = scratch->len - start};

    if (!subscribe_request_decode(object, &rq, scratch))
        return scratch->failed ? DISCONNECT_INTERNAL : DISCONNECT_BAD_REQUEST;
    rq.token = (view){0};

    protocol_error err = may_subscribe(c, channel, &rq);

    if (err == PROTOCOL_UNKNOWN_CHANNEL)
        return DISCONNECT_BAD_REQUEST;
    return err == PROTOCOL_OK ? make_sub(c, &(auth_grant){.channel = channel}, 0, subs) : 0;
}

/* What the client asks for itself: what it had before, or is permitted anyway. The rest is passed over,
 * but for namespaces that there are not. */
static disconnect_code make_asked_subs(client *c, view asked, server_subs *subs)
{
    disconnect_code code = 0;
    json_iter it;
    view key;
    view object;

    if (asked.len == 0 || !json_iter_init(&it, asked))
        return 0;
    while (code == 0 && json_iter_next(&it, &key, &object))
        code = make_asked_sub(c, key, object, subs);
    return code;
}

static disconnect_code make_subs(client *c, const command *cmd, const identity *who,
                                 server_subs *subs)
{
    disconnect_code code = 0;

    for (size_t i = 0; i < who->claims.grant_count && code == 0; i++)
        code = make_sub(c, &who->claims.grants[i], HUB_SUB_FROM_TOKEN, subs);
    if (code == 0 && subs->personal.len != 0)
        code = make_sub(c, &(auth_grant){.channel = buf_view(&subs->personal)}, 0, subs);
    return code != 0 ? code : make_asked_subs(c, cmd->connect.subs, subs);
}

/* ---- coming in ---- */

/* An answer after which the client has to go: later commands are not looked at. */
static void refuse(client *c, uint32_t id, protocol_error err)
{
    client_error(c, id, err);
    c->state = CLIENT_REFUSED;
}

static void answer(client *c, uint32_t id, const term *t, const server_subs *subs)
{
    const config *cfg = c->desk->cfg;
    hub_client_id client_id = hub_conn_client_id(&c->conn);
    connect_result result = {
        .client = {client_id.text, HUB_CLIENT_ID_LEN},
        .version = VIEW_LIT(GRACECAST_VERSION " Gracecast"),
        .expires = t->expires,
        .ttl_s = t->ttl_s,
        .subs = subs->made,
        .sub_count = subs->count,
        .ping_s = (uint32_t)((cfg->client.ping_interval_ms + 999) / 1000),
        .pong = cfg->client.ping_interval_ms != 0 && cfg->client.pong_timeout_ms != 0,
        .time_ms = cfg->client.connect_include_server_time ? clock_wall_ms() : 0,
    };

    reply_connect(client_next_reply(c), id, &result);
}

/* The user's other connections go, if there may be one only. */
static void close_others(const client *c)
{
    const config *cfg = c->desk->cfg;
    hub_client_id id = hub_conn_client_id(&c->conn);
    view self = {.ptr = id.text, .len = HUB_CLIENT_ID_LEN};
    hub_select others = {.user = hub_conn_user(&c->conn), .whitelist = &self, .whitelist_count = 1};

    if (!cfg->client.subscribe_to_user_personal_channel.enabled ||
        !cfg->client.subscribe_to_user_personal_channel.single_connection || others.user.len == 0)
        return;
    if (hub_disconnect(c->desk->hub, &others, DISCONNECT_CONNECTION_LIMIT,
                       view_of(disconnect_text(DISCONNECT_CONNECTION_LIMIT))) < 0)
        metric_add(&hub_worker_metrics(c->desk->worker)->x_out_of_memory, 1);
}

/* 0, or why the client must go. */
static disconnect_code join(client *c, const identity *who, const term *t, uint64_t now_ms)
{
    if (hub_conn_join(&c->conn, who->user, who->info) != GCAST_OK) {
        metric_add(&hub_worker_metrics(c->desk->worker)->x_out_of_memory, 1);
        return DISCONNECT_INTERNAL;
    }
    client_forget_user(c);
    c->state = CLIENT_CONNECTED;
    if (!expiry_set_connection(c, t, now_ms))
        return DISCONNECT_INTERNAL;
    heartbeat_start(c, now_ms);
    return 0;
}

/* 0, or why the client must go. */
static disconnect_code admit(client *c, const command *cmd, const identity *who, server_subs *subs,
                             uint64_t now_ms)
{
    term t;
    bool lasts = term_until(who->expire_at_s, &t);
    protocol_error err = lasts ? plan_subs(c, cmd, who, subs) : PROTOCOL_EXPIRED;
    disconnect_code code = 0;

    if (err == PROTOCOL_INTERNAL)
        return DISCONNECT_INTERNAL;
    if (err != PROTOCOL_OK) {
        refuse(c, cmd->id, err);
        return 0;
    }
    code = join(c, who, &t, now_ms);
    if (code == 0)
        code = make_subs(c, cmd, who, subs);
    if (code == 0) {
        answer(c, cmd->id, &t, subs);
        close_others(c);
    }
    return code;
}

void do_connect(client *c, const command *cmd, uint64_t now_ms)
{
    identity who = {0};
    server_subs subs = {0};
    protocol_error err = PROTOCOL_OK;
    view token = cmd->connect.token;
    disconnect_code code =
        token.len != 0 ? identify_by_token(c, token, &who, &err) : identify_without(c, &who);

    if (code == 0 && err != PROTOCOL_OK)
        refuse(c, cmd->id, err);
    else if (code == 0)
        code = admit(c, cmd, &who, &subs, now_ms);
    if (code != 0)
        client_disconnect(c, code);
    free(subs.made);
    buf_fini(&subs.personal);
    auth_claims_fini(&who.claims);
}
