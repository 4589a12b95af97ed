/* SPDX-License-Identifier: MIT */
/* Tokens that come after the first: for subscriptions, and those that put off an end. */
#include "client_internal.h"
#include "clock.h"

/* ---- subscriptions ---- */

/* Whether a good token was made for this client and channel. */
static bool is_for(const client *c, view channel, const auth_claims *claims)
{
    hub_client_id id = hub_conn_client_id(&c->conn);

    return view_eq(claims->grants->channel, channel) &&
           view_eq(claims->user, hub_conn_user(&c->conn)) &&
           (claims->client.len == 0 ||
            view_eq(claims->client, (view){.ptr = id.text, .len = HUB_CLIENT_ID_LEN}));
}

auth_verdict judge_sub_token(const client *c, view channel, view token, auth_claims *claims)
{
    auth_verdict verdict =
        auth_verify(client_tokens_subscription(c->desk->tokens), AUTH_SUBSCRIPTION, token,
                    (int64_t)(clock_wall_ms() / 1000), claims);

    if (verdict == AUTH_VALID && is_for(c, channel, claims))
        return AUTH_VALID;
    if (verdict == AUTH_VALID) {
        claims->fault = "it is for another channel, user or client";
        verdict = AUTH_INVALID;
    } else {
        claims->grant_count = 0; /* means nothing */
    }
    log_debug("CLIENT-TOKEN", "client=%s channel=%s fault=\"%s\"",
              hub_conn_client_id(&c->conn).text, log_quote(channel).text, claims->fault);
    return verdict;
}

static void refresh_sub(client *c, const command *cmd, hub_sub *s, uint64_t now_ms)
{
    auth_claims claims;
    auth_verdict verdict =
        judge_sub_token(c, cmd->sub_refresh.channel, cmd->sub_refresh.token, &claims);
    term t = {0};
    bool lasts = verdict == AUTH_VALID && term_until(claims.expire_at_s, &t);
    uint64_t end_s = term_end_s(&t, now_ms);

    if (verdict == AUTH_INVALID)
        client_disconnect(c, DISCONNECT_INVALID_TOKEN);
    else if (verdict == AUTH_EXPIRED)
        client_error(c, cmd->id, PROTOCOL_TOKEN_EXPIRED);
    else if (verdict == AUTH_VALID && !lasts)
        client_error(c, cmd->id, PROTOCOL_EXPIRED);
    else if (verdict == AUTH_OUT_OF_MEMORY || !expiry_expect_sub(c, end_s) ||
             hub_sub_refresh(s, claims.grants->info, end_s) != GCAST_OK)
        client_error(c, cmd->id, PROTOCOL_INTERNAL);
    else
        reply_refresh(client_next_reply(c), cmd->id, cmd->kind, t.expires, t.ttl_s);
    auth_claims_fini(&claims);
}

void do_sub_refresh(client *c, const command *cmd, uint64_t now_ms)
{
    view channel = cmd->sub_refresh.channel;
    hub_sub *s = hub_sub_find(&c->conn, channel);

    if (channel.len == 0)
        client_disconnect(c, DISCONNECT_BAD_REQUEST);
    else if (s == NULL)
        client_error(c, cmd->id, PROTOCOL_PERMISSION_DENIED);
    else if (cmd->sub_refresh.token.len == 0)
        client_error(c, cmd->id, PROTOCOL_BAD_REQUEST);
    else
        refresh_sub(c, cmd, s, now_ms);
}

/* ---- the connection ---- */

static bool grants_channel(const auth_claims *claims, view channel)
{
    for (size_t i = 0; i < claims->grant_count; i++) {
        if (view_eq(claims->grants[i].channel, channel))
            return true;
    }
    return false;
}

/* Whether the server-side subscriptions that the claims ask for are those that there are. */
static bool same_subs(const client *c, const auth_claims *claims)
{
    hub_sub *s = NULL;

    if (claims->grant_count > c->desk->cfg->client.channel_limit)
        return false;
    for (size_t i = 0; i < claims->grant_count; i++) {
        if (!hub_is_subscribed(&c->conn, claims->grants[i].channel))
            return false;
    }
    while ((s = hub_sub_next(&c->conn, s)) != NULL) {
        if ((hub_sub_flags(s) & HUB_SUB_FROM_TOKEN) != 0 &&
            !grants_channel(claims, hub_sub_channel(s)))
            return false;
    }
    return true;
}

/* Why a connection cannot go on with these claims; 0: it can, for this term. */
static disconnect_code refusal(const client *c, const auth_claims *claims, term *t)
{
    int64_t expire_at_s = c->desk->cfg->client.insecure ? 0 : claims->expire_at_s;

    if (!view_eq(claims->user, hub_conn_user(&c->conn)))
        return DISCONNECT_INVALID_TOKEN;
    if (!term_until(expire_at_s, t))
        return DISCONNECT_EXPIRED;
    return same_subs(c, claims) ? 0 : DISCONNECT_INSUFFICIENT_STATE;
}

static disconnect_code refresh(client *c, const command *cmd, const auth_claims *claims,
                               uint64_t now_ms)
{
    term t;
    disconnect_code code = refusal(c, claims, &t);

    if (code != 0)
        return code;
    if (!expiry_set_connection(c, &t, now_ms) ||
        (claims->info.len != 0 && hub_conn_set_info(&c->conn, claims->info) != GCAST_OK))
        return DISCONNECT_INTERNAL;
    reply_refresh(client_next_reply(c), cmd->id, cmd->kind, t.expires, t.ttl_s);
    return 0;
}

void do_refresh(client *c, const command *cmd, uint64_t now_ms)
{
    auth_claims claims = {0};
    disconnect_code code = DISCONNECT_BAD_REQUEST;

    if (cmd->refresh.token.len != 0)
        switch (auth_verify(c->desk->tokens->connection, AUTH_CONNECTION, cmd->refresh.token,
                            (int64_t)(clock_wall_ms() / 1000), &claims)) {
        case AUTH_VALID:
            code = refresh(c, cmd, &claims, now_ms);
            break;
        case AUTH_EXPIRED:
            code = DISCONNECT_EXPIRED;
            break;
        case AUTH_INVALID:
            code = DISCONNECT_INVALID_TOKEN;
            break;
        case AUTH_OUT_OF_MEMORY:
            code = DISCONNECT_INTERNAL;
            break;
        }
    auth_claims_fini(&claims);
    if (code != 0)
        client_disconnect(c, code);
}
