/* SPDX-License-Identifier: MIT */
/* The command connect: who comes, for how long, and what the server subscribes it to. */
#include <stdlib.h>

#include "channel.h"
#include "client_internal.h"
#include "clock.h"
#include "json.h"

/* One of the server-side subscriptions that connect makes. */
typedef struct server_sub {
    auth_grant grant;
    subscribe_request asked; /* what the client says of it; zeroed if nothing */
    subscribe_result result;
    stream_epoch epoch; /* result.epoch is here, */
    buf publications;   /* and result.publications */
    bool made;          /* and has not ended since */
} server_sub;

/* A client that comes in: what there is to know until it has been answered. */
typedef struct arrival {
    client_wait wait;
    client *client;
    uint32_t id; /* of the command */
    view user;   /* empty: anonymous */
    view info;
    int64_t expire_at_s; /* 0: never */
    term term;
    auth_claims claims; /* of the token; zeroed without one */
    server_sub *subs;   /* room for all of them */
    size_t sub_count;
    size_t pending; /* subscriptions that wait for their position */
    buf names;      /* of channels; never moves */
} arrival;

static void arrival_free(arrival *a)
{
    for (size_t i = 0; i < a->sub_count; i++)
        buf_fini(&a->subs[i].publications);
    free(a->subs);
    buf_fini(&a->names);
    auth_claims_fini(&a->claims);
    free(a);
}

static void arrival_cancel(client_wait *w)
{
    arrival_free(container_of(w, arrival, wait));
}

/* ---- who ---- */

/* 0, or why nobody comes in with this token; of one that has expired, *err says so instead. */
static disconnect_code identify_by_token(arrival *a, view token, protocol_error *err)
{
    const client_desk *d = a->client->desk;
    auth_verdict verdict = auth_verify(d->tokens->connection, AUTH_CONNECTION, token,
                                       (int64_t)(clock_wall_ms() / 1000), &a->claims);

    if (verdict != AUTH_VALID)
        log_debug("CLIENT-TOKEN", "client=%s fault=\"%s\"",
                  hub_conn_client_id(&a->client->conn).text, a->claims.fault);
    if (verdict == AUTH_OUT_OF_MEMORY)
        return DISCONNECT_INTERNAL;
    if (verdict == AUTH_INVALID)
        return DISCONNECT_INVALID_TOKEN;
    if (verdict == AUTH_EXPIRED) {
        *err = PROTOCOL_TOKEN_EXPIRED;
        return 0;
    }
    a->user = a->claims.user;
    a->info = a->claims.info;
    a->expire_at_s = d->cfg->client.insecure ? 0 : a->claims.expire_at_s;
    if (a->user.len == 0 && d->cfg->client.disallow_anonymous_connection_tokens)
        return DISCONNECT_PERMISSION_DENIED;
    return 0;
}

/* The same of those who come without. */
static disconnect_code identify_without(arrival *a)
{
    const config *cfg = a->client->desk->cfg;

    a->user = view_of(a->client->user);
    if (a->user.len != 0 || cfg->client.insecure ||
        cfg->client.allow_anonymous_connect_without_token)
        return 0;
    return DISCONNECT_BAD_REQUEST;
}

/* ---- what the server subscribes it to ---- */

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

static server_sub *add_sub(arrival *a, const auth_grant *grant)
{
    server_sub *s = &a->subs[a->sub_count++];

    s->grant = *grant;
    return s;
}

/* `ns:#user` */
static void add_personal_channel(arrival *a)
{
    const config *cfg = a->client->desk->cfg;
    view space = cfg->client.subscribe_to_user_personal_channel.personal_channel_namespace;
    size_t start = a->names.len;

    if (!cfg->client.subscribe_to_user_personal_channel.enabled || a->user.len == 0)
        return;
    buf_append_view(&a->names, space);
    if (space.len != 0)
        buf_append_char(&a->names, ':');
    buf_append_char(&a->names, CHANNEL_USER_BOUNDARY);
    buf_append_view(&a->names, a->user);
    (void)add_sub(a, &(auth_grant){.channel = view_skip(buf_view(&a->names), start)});
}

/* Makes room, and lists the subscriptions that are sure to be wanted. */
static protocol_error plan_subs(arrival *a, const command *cmd)
{
    const client *c = a->client;
    view space = c->desk->cfg->client.subscribe_to_user_personal_channel.personal_channel_namespace;
    const channel_options *options;
    protocol_error err = PROTOCOL_OK;
    size_t room = a->claims.grant_count + count_members(cmd->connect.subs) + 1;

    a->subs = calloc(room, sizeof *a->subs);
    if (a->subs == NULL ||
        !buf_reserve(&a->names, cmd->connect.subs.len + space.len + a->user.len + 2))
        return PROTOCOL_INTERNAL;
    for (size_t i = 0; i < a->claims.grant_count; i++)
        (void)add_sub(a, &a->claims.grants[i]);
    add_personal_channel(a);
    for (size_t i = 0; i < a->sub_count && err == PROTOCOL_OK; i++)
        err = channel_check(c, a->subs[i].grant.channel, &options);
    return err;
}

static server_sub *find_sub(const arrival *a, view channel)
{
    for (size_t i = 0; i < a->sub_count; i++) {
        if (view_eq(a->subs[i].grant.channel, channel))
            return &a->subs[i];
    }
    return NULL;
}

/* One that the client asks for: it says from where one of those above is to go on, or is permitted
 * anyway, or is passed over, unless its namespace is one that there is not. */
static disconnect_code add_asked_sub(arrival *a, view key, view object)
{
    client *c = a->client;
    size_t start = a->names.len;
    subscribe_request rq;

    if (!json_string_decode(key, &a->names))
        return DISCONNECT_INTERNAL;
    if (!subscribe_request_decode(object, &rq, &c->desk->scratch))
        return c->desk->scratch.failed ? DISCONNECT_INTERNAL : DISCONNECT_BAD_REQUEST;
    rq.channel = view_skip(buf_view(&a->names), start);
    rq.token = (view){0};

    server_sub *s = find_sub(a, rq.channel);
    protocol_error err = s != NULL ? PROTOCOL_OK : may_subscribe(c, rq.channel, &rq);

    if (err == PROTOCOL_UNKNOWN_CHANNEL)
        return DISCONNECT_BAD_REQUEST;
    if (err == PROTOCOL_OK && s == NULL)
        s = add_sub(a, &(auth_grant){.channel = rq.channel});
    if (s != NULL)
        s->asked = rq;
    return 0;
}

static disconnect_code add_asked_subs(arrival *a, view asked)
{
    disconnect_code code = 0;
    json_iter it;
    view key;
    view object;

    if (asked.len == 0 || !json_iter_init(&it, asked))
        return 0;
    while (code == 0 && json_iter_next(&it, &key, &object))
        code = add_asked_sub(a, key, object);
    return code;
}

/* ---- coming in ---- */

static size_t list_made(const arrival *a, connect_sub *out)
{
    size_t count = 0;

    for (size_t i = 0; i < a->sub_count; i++) {
        const server_sub *s = &a->subs[i];

        if (s->made)
            out[count++] = (connect_sub){.channel = s->grant.channel, .result = s->result};
    }
    return count;
}

static void answer(client *c, const arrival *a)
{
    const config *cfg = c->desk->cfg;
    hub_client_id client_id = hub_conn_client_id(&c->conn);
    connect_sub *made = calloc(a->sub_count + 1, sizeof *made);
    connect_result result = {
        .client = {client_id.text, HUB_CLIENT_ID_LEN},
        .version = VIEW_LIT(GRACECAST_VERSION " Gracecast"),
        .expires = a->term.expires,
        .ttl_s = a->term.ttl_s,
        .subs = made,
        .sub_count = made == NULL ? 0 : list_made(a, made),
        .ping_s = c->ping_ms / 1000 + (c->ping_ms % 1000 != 0),
        .pong = c->pong_ms != 0,
        .time_ms = cfg->client.connect_include_server_time ? clock_wall_ms() : 0,
    };

    if (made != NULL)
        reply_connect(client_next_reply(c), a->id, &result);
    else
        client_disconnect(c, DISCONNECT_INTERNAL);
    free(made);
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

/* All positions are there: the client, which is held, is answered at last. */
static void finish_late(arrival *a)
{
    client *c = a->client;

    answer(c, a);
    if (c->conn.closing)
        return; /* client_close() follows */
    client_unhold(c);
    if (c->conn.closing)
        return; /* as above */
    close_others(c);
    wait_end(c, &a->wait);
    arrival_free(a);
}

/* A position that is waited for; the hub's, which may keep it longer than there is an arrival. */
typedef struct sub_joining {
    hub_join join;
    arrival *arrival; /* good as long as the hub calls back */
    server_sub *sub;
    position_wish wish;
} sub_joining;

/* What r holds is good during the call only. */
static void keep_position(server_sub *s, const sub_joining *j, const hub_joined *r)
{
    position_result(&s->result, &j->join, r, &j->wish);
    s->epoch = r->top.epoch;
    if (s->result.epoch.len != 0)
        s->result.epoch = stream_epoch_view(&s->epoch);
    buf_append_view(&s->publications, s->result.publications);
    s->result.publications = buf_view(&s->publications);
}

static void on_joined(hub_join *join, hub_conn *conn, const hub_joined *r)
{
    const sub_joining *j = container_of(join, sub_joining, join);
    arrival *a = j->arrival;

    a->pending--;
    j->sub->made = r != NULL;
    if (r != NULL)
        keep_position(j->sub, j, r);
    if ((r != NULL && r->failed) || j->sub->publications.failed) {
        client_disconnect(container_of(conn, client, conn), DISCONNECT_INTERNAL);
        return; /* client_close() follows */
    }
    if (a->pending == 0)
        finish_late(a);
}

static gcast_err subscribe_positioned_later(arrival *a, server_sub *s, const channel_options *o,
                                            const hub_sub_opts *opts, const position_wish *wish)
{
    client *c = a->client;
    sub_joining *j = calloc(1, sizeof *j);
    gcast_err err;

    if (j == NULL)
        return GCAST_ENOMEM;
    j->arrival = a;
    j->sub = s;
    j->wish = *wish;
    position_join_init(&j->join, c, o, &s->asked, wish);
    j->join.joined = on_joined;
    err = hub_subscribe_positioned(&c->conn, s->grant.channel, opts, &j->join);
    if (err != GCAST_OK)
        free(j);
    else
        a->pending++;
    return err;
}

/* 0, or why the client must go. */
static disconnect_code make_sub(arrival *a, server_sub *s)
{
    client *c = a->client;
    bool by_token = s < a->subs + a->claims.grant_count;
    channel_options o = overridden_options(c, s->grant.channel, &s->grant.override);
    position_wish wish = position_wish_of(c, &o, &s->asked);
    hub_sub_opts opts = {
        .delivery = delivery_of(c, s->grant.channel),
        .info = s->grant.info,
        .flags = HUB_SUB_SERVER_SIDE | (by_token ? (uint32_t)HUB_SUB_FROM_TOKEN : 0) |
                 sub_flags(c, &o, &s->grant.override, false),
    };
    gcast_err err = GCAST_OK;

    (void)rules_interval(&o, (view){0}, &opts.interval_ms); /* nothing is asked for */
    if (hub_is_subscribed(&c->conn, s->grant.channel))
        return 0; /* it was listed twice */
    if (c->conn.sub_count >= c->desk->cfg->client.channel_limit)
        return DISCONNECT_CHANNEL_LIMIT;
    s->result.data = s->grant.data;
    if (wish.positioned) {
        err = subscribe_positioned_later(a, s, &o, &opts, &wish);
    } else {
        err = hub_subscribe(&c->conn, s->grant.channel, &opts);
        s->made = true;
    }
    return err == GCAST_OK ? 0 : DISCONNECT_INTERNAL;
}

static disconnect_code make_subs(arrival *a, const command *cmd)
{
    disconnect_code code = add_asked_subs(a, cmd->connect.subs);

    for (size_t i = 0; i < a->sub_count && code == 0; i++)
        code = make_sub(a, &a->subs[i]);
    return code;
}

/* 0, or why the client must go. */
static disconnect_code join(arrival *a, uint64_t now_ms)
{
    client *c = a->client;

    if (hub_conn_join(&c->conn, a->user, a->info) != GCAST_OK) {
        metric_add(&hub_worker_metrics(c->desk->worker)->x_out_of_memory, 1);
        return DISCONNECT_INTERNAL;
    }
    client_forget_user(c);
    c->state = CLIENT_CONNECTED;
    if (!expiry_set_connection(c, &a->term, now_ms))
        return DISCONNECT_INTERNAL;
    heartbeat_start(c, now_ms);
    return 0;
}

/* An answer after which the client has to go: later commands are not looked at. */
static void refuse(client *c, uint32_t id, protocol_error err)
{
    client_error(c, id, err);
    c->state = CLIENT_REFUSED;
}

/* More than could be had are not even looked at. */
static bool too_many(const arrival *a, const command *cmd)
{
    uint32_t limit = a->client->desk->cfg->client.channel_limit;

    return a->claims.grant_count > limit || count_members(cmd->connect.subs) > limit;
}

/* 0, or why the client must go. */
static disconnect_code admit(arrival *a, const command *cmd, uint64_t now_ms)
{
    bool lasts = term_until(a->expire_at_s, &a->term);
    protocol_error err = lasts ? plan_subs(a, cmd) : PROTOCOL_EXPIRED;
    disconnect_code code = 0;

    if (err == PROTOCOL_INTERNAL)
        return DISCONNECT_INTERNAL;
    if (err != PROTOCOL_OK) {
        refuse(a->client, cmd->id, err);
        return 0;
    }
    code = join(a, now_ms);
    return code != 0 ? code : make_subs(a, cmd);
}

/* 0, or why the client must go. Refused or let in, unless it waits. */
static disconnect_code arrive(arrival *a, const command *cmd, uint64_t now_ms)
{
    protocol_error err = PROTOCOL_OK;
    view token = cmd->connect.token;
    disconnect_code code = token.len != 0 ? identify_by_token(a, token, &err) : identify_without(a);

    if (code != 0)
        return code;
    if (err != PROTOCOL_OK) {
        refuse(a->client, cmd->id, err);
        return 0;
    }
    return too_many(a, cmd) ? DISCONNECT_CHANNEL_LIMIT : admit(a, cmd, now_ms);
}

void do_connect(client *c, const command *cmd, uint64_t now_ms)
{
    arrival *a = calloc(1, sizeof *a);
    disconnect_code code = DISCONNECT_INTERNAL;

    if (a != NULL) {
        *a = (arrival){.wait.cancel = arrival_cancel, .client = c, .id = cmd->id};
        code = arrive(a, cmd, now_ms);
    }
    if (code == 0 && a->pending != 0 && !hub_conn_hold(&c->conn))
        code = DISCONNECT_INTERNAL;
    if (code == 0 && a->pending != 0) {
        wait_begin(c, &a->wait, now_ms);
        return;
    }
    if (code != 0)
        client_disconnect(c, code); /* from here on the hub does not call back */
    else if (c->state == CLIENT_CONNECTED) {
        answer(c, a);
        close_others(c);
    }
    if (a != NULL)
        arrival_free(a);
}
