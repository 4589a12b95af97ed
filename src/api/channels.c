/* SPDX-License-Identifier: MIT */
/* The methods that tell of channels. */
#include "api_internal.h"
#include "auth.h"

api_outcome api_presence_stats(api_call *call, view object)
{
    view channel = {0};
    param params[] = {{VIEW_LIT("channel"), PARAM_STRING, &channel}};
    protocol_error err;

    if (!PARAMS_READ(call, object, params))
        return API_MALFORMED;
    if ((err = api_check_channel(call, channel)) != PROTOCOL_OK)
        return api_fail(call, err);
    if (!config_channel_options(api_config(call), channel)->presence)
        return api_fail(call, PROTOCOL_NOT_AVAILABLE);

    hub_channel_stats stats;

    if (hub_channel_count(call->api->hub, channel, &stats) != GCAST_OK)
        return api_fail(call, PROTOCOL_INTERNAL);

    buf_printf(call->result, "{\"num_clients\":%u,\"num_users\":%u}", stats.clients, stats.users);
    return API_DONE;
}

typedef struct channel_list {
    buf *out;
    view pattern;
    bool first;
} channel_list;

static void list_channel(void *arg, view channel, uint32_t clients)
{
    channel_list *l = arg;

    if (l->pattern.len != 0 && !auth_glob_match(l->pattern, channel))
        return;
    if (!l->first)
        buf_append_char(l->out, ',');
    l->first = false;
    json_write_string(l->out, channel);
    buf_printf(l->out, ":{\"num_clients\":%u}", clients);
}

api_outcome api_channels(api_call *call, view object)
{
    channel_list l = {.out = call->result, .first = true};
    param params[] = {{VIEW_LIT("pattern"), PARAM_STRING, &l.pattern}};

    if (!PARAMS_READ(call, object, params))
        return API_MALFORMED;
    buf_append_lit(call->result, "{\"channels\":{");
    hub_each_channel(call->api->hub, list_channel, &l);
    buf_append_lit(call->result, "}}");
    return API_DONE;
}
