/* SPDX-License-Identifier: MIT */
/* Who may do what in which channel: the namespace's options, in the protocol's order of checks. */
#include "channel.h"
#include "client_internal.h"

static bool anonymous(const client *c)
{
    return hub_conn_user(&c->conn).len == 0;
}

/* PROTOCOL_OK and the options, or why there are none. */
static protocol_error options_of(const client *c, view channel, const channel_options **options)
{
    const config *cfg = c->desk->cfg;

    if (!channel_name_valid(channel, cfg->channel.max_length))
        return PROTOCOL_BAD_REQUEST;
    *options = config_channel_options(cfg, channel);
    return *options == NULL ? PROTOCOL_UNKNOWN_CHANNEL : PROTOCOL_OK;
}

/* The three ways in that presence, history and publishing have in common. */
static bool allowed(const client *c, view channel, bool any_client, bool subscriber,
                    bool any_anonymous)
{
    if (c->desk->cfg->client.insecure)
        return true;
    if (any_client && (any_anonymous || !anonymous(c)))
        return true;
    return subscriber && hub_is_subscribed(&c->conn, channel);
}

hub_delivery delivery_of(const client *c, view channel)
{
    const config *cfg = c->desk->cfg;
    uint64_t of_namespace = config_channel_options(cfg, channel)->flush_interval_ms;

    return (hub_delivery){
        .flush_ms = (uint32_t)(of_namespace != 0 ? of_namespace : cfg->delivery.flush_interval_ms),
    };
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
    if ((err = options_of(c, channel, &options)) != PROTOCOL_OK)
        return err;
    if (rq->tf.len != 0)
        return PROTOCOL_BAD_REQUEST; /* no namespace allows filters */
    if (rq->type != 0)
        return PROTOCOL_NOT_AVAILABLE; /* map subscriptions */
    if (rq->token.len != 0 || channel_is_private(channel))
        return PROTOCOL_PERMISSION_DENIED; /* there are no keys to verify a token with */
    if (cfg->client.insecure)
        return PROTOCOL_OK;
    if (!options->allow_subscribe_for_client)
        return PROTOCOL_PERMISSION_DENIED;
    if (anonymous(c) && !options->allow_subscribe_for_anonymous)
        return PROTOCOL_PERMISSION_DENIED;
    return PROTOCOL_OK;
}

protocol_error may_publish(const client *c, view channel)
{
    const channel_options *options;
    protocol_error err = options_of(c, channel, &options);

    if (err != PROTOCOL_OK)
        return err;
    if (!allowed(c, channel, options->allow_publish_for_client,
                 options->allow_publish_for_subscriber, options->allow_publish_for_anonymous))
        return PROTOCOL_PERMISSION_DENIED;
    return PROTOCOL_OK;
}

protocol_error may_see_presence(const client *c, view channel)
{
    const channel_options *options;
    protocol_error err = options_of(c, channel, &options);

    if (err != PROTOCOL_OK)
        return err;
    if (!options->presence)
        return PROTOCOL_NOT_AVAILABLE;
    if (!allowed(c, channel, options->allow_presence_for_client,
                 options->allow_presence_for_subscriber, options->allow_presence_for_anonymous))
        return PROTOCOL_PERMISSION_DENIED;
    return PROTOCOL_OK;
}
