/* SPDX-License-Identifier: MIT */
/* Who may do what in which channel: the namespace's options, in the protocol's order of checks. */
#include "channel.h"
#include "client_internal.h"

static bool anonymous(const client *c)
{
    return hub_conn_user(&c->conn).len == 0;
}

protocol_error channel_check(const client *c, view channel, const channel_options **options)
{
    const config *cfg = c->desk->cfg;

    if (!channel_name_valid(channel, cfg->channel.max_length))
        return PROTOCOL_BAD_REQUEST;
    *options = config_channel_options(cfg, channel);
    return *options == NULL ? PROTOCOL_UNKNOWN_CHANNEL : PROTOCOL_OK;
}

/* What the options say of one thing that clients may do in a channel. */
typedef struct permit {
    bool to_client;
    bool to_subscriber;
    bool to_anonymous; /* both also without a user id */
} permit;

static bool allowed(const client *c, const permit *p, bool subscribed)
{
    if (c->desk->cfg->client.insecure)
        return true;
    if (anonymous(c) && !p->to_anonymous)
        return false;
    return p->to_client || (p->to_subscriber && subscribed);
}

static protocol_error allowed_in(const client *c, const permit *p, view channel)
{
    return allowed(c, p, hub_is_subscribed(&c->conn, channel)) ? PROTOCOL_OK
                                                               : PROTOCOL_PERMISSION_DENIED;
}

static permit presence_permit(const channel_options *o)
{
    return (permit){.to_client = o->allow_presence_for_client,
                    .to_subscriber = o->allow_presence_for_subscriber,
                    .to_anonymous = o->allow_presence_for_anonymous};
}

static permit history_permit(const channel_options *o)
{
    return (permit){.to_client = o->allow_history_for_client,
                    .to_subscriber = o->allow_history_for_subscriber,
                    .to_anonymous = o->allow_history_for_anonymous};
}

bool subscriber_sees_history(const client *c, const channel_options *o)
{
    permit p = history_permit(o);

    return allowed(c, &p, true);
}

hub_delivery delivery_of(const client *c, view channel)
{
    const config *cfg = c->desk->cfg;

    return rules_delivery(cfg, config_channel_options(cfg, channel));
}

channel_options overridden_options(const client *c, view channel, const channel_override *by)
{
    channel_options o = *config_channel_options(c->desk->cfg, channel);

    o.join_leave = override_apply(by->join_leave, o.join_leave);
    o.force_push_join_leave = override_apply(by->force_push_join_leave, o.force_push_join_leave);
    o.force_positioning = override_apply(by->force_positioning, o.force_positioning);
    o.force_recovery = override_apply(by->force_recovery, o.force_recovery);
    return o;
}

static uint32_t join_leave_flags(const client *c, const channel_options *o, bool wanted)
{
    permit p = presence_permit(o);

    if (!o->join_leave)
        return 0;
    if (o->force_push_join_leave || (wanted && allowed(c, &p, true)))
        return HUB_SUB_TELLS | HUB_SUB_IS_TOLD;
    return HUB_SUB_TELLS;
}

uint32_t sub_flags(const client *c, const channel_options *o, const channel_override *by,
                   bool wanted)
{
    uint32_t hidden = by->presence == OVERRIDE_OFF ? HUB_SUB_IS_HIDDEN : 0;

    return join_leave_flags(c, o, wanted) | hidden;
}

/* Whether c is one of the users that a user-limited channel names. */
static bool is_named(const client *c, view channel)
{
    view users = channel_users(channel);
    view user;

    while (channel_next_user(&users, &user)) {
        if (user.len != 0 && view_eq(user, hub_conn_user(&c->conn)))
            return true;
    }
    return false;
}

protocol_error may_subscribe(const client *c, view channel, const subscribe_request *rq)
{
    const config *cfg = c->desk->cfg;
    const channel_options *options;
    protocol_error err;

    if (!channel_name_valid(channel, cfg->channel.max_length))
        return PROTOCOL_BAD_REQUEST;
    if (hub_is_subscribed(&c->conn, channel))
        return PROTOCOL_ALREADY_SUBSCRIBED;
    if (c->conn.sub_count >= cfg->client.channel_limit)
        return PROTOCOL_LIMIT_EXCEEDED;
    if ((err = channel_check(c, channel, &options)) != PROTOCOL_OK)
        return err;
    if (rq->tf.len != 0)
        return PROTOCOL_BAD_REQUEST; /* no namespace allows filters */
    if (rq->type != 0)
        return PROTOCOL_NOT_AVAILABLE; /* map subscriptions */
    if (rq->token.len != 0)
        return PROTOCOL_OK; /* it decides */
    if (channel_is_private(channel))
        return PROTOCOL_PERMISSION_DENIED;
    if (cfg->client.insecure)
        return PROTOCOL_OK;
    if (options->allow_user_limited_channels && channel_is_user_limited(channel))
        return is_named(c, channel) ? PROTOCOL_OK : PROTOCOL_PERMISSION_DENIED;
    if (!options->allow_subscribe_for_client)
        return PROTOCOL_PERMISSION_DENIED;
    if (anonymous(c) && !options->allow_subscribe_for_anonymous)
        return PROTOCOL_PERMISSION_DENIED;
    return PROTOCOL_OK;
}

protocol_error may_publish(const client *c, view channel)
{
    const channel_options *options;
    protocol_error err = channel_check(c, channel, &options);

    if (err != PROTOCOL_OK)
        return err;

    permit p = {.to_client = options->allow_publish_for_client,
                .to_subscriber = options->allow_publish_for_subscriber,
                .to_anonymous = options->allow_publish_for_anonymous};

    return allowed_in(c, &p, channel);
}

protocol_error may_see_presence(const client *c, view channel)
{
    const channel_options *options;
    protocol_error err = channel_check(c, channel, &options);

    if (err != PROTOCOL_OK)
        return err;
    if (!options->presence)
        return PROTOCOL_NOT_AVAILABLE;

    permit p = presence_permit(options);

    return allowed_in(c, &p, channel);
}

protocol_error may_see_history(const client *c, view channel)
{
    const channel_options *options;
    protocol_error err = channel_check(c, channel, &options);

    if (err != PROTOCOL_OK)
        return err;
    if (!config_keeps_history(options))
        return PROTOCOL_NOT_AVAILABLE;

    permit p = history_permit(options);

    return allowed_in(c, &p, channel);
}
