/* SPDX-License-Identifier: MIT */
/* The methods that tell of channels. */
#include "api_internal.h"
#include "auth.h"

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
