/* SPDX-License-Identifier: MIT */
/* The methods history and history_remove. */
#include "api_internal.h"
#include "hub_history.h"
#include "reply.h"
#include "rules.h"

/* PROTOCOL_OK and the options of a channel that keeps history, or why there are none. */
static protocol_error options_of(const api_call *call, view channel, const channel_options **o)
{
    protocol_error err = api_check_channel(call, channel);

    if (err != PROTOCOL_OK)
        return err;
    *o = config_channel_options(api_config(call), channel);
    return config_keeps_history(*o) ? PROTOCOL_OK : PROTOCOL_NOT_AVAILABLE;
}

static void on_history(void *arg, gcast_err err, const hub_position *top, view publications)
{
    api_call *call = arg;
    stream_position at = {.offset = top->offset, .epoch = hub_position_epoch(top)};

    if (err == GCAST_OK) {
        write_history(call->result, publications, at);
        api_call_end(call, API_DONE);
        return;
    }
    api_call_end(call, api_fail(call, err == GCAST_ENOENT ? PROTOCOL_UNRECOVERABLE_POSITION
                                                          : PROTOCOL_INTERNAL));
}

static api_outcome ask(api_call *call, view channel, const stream_range *range, view epoch)
{
    const config *cfg = api_config(call);
    const channel_options *o;
    protocol_error err = options_of(call, channel, &o);

    if (err == PROTOCOL_OK && range->reverse && range->has_since && range->since == 0)
        err = PROTOCOL_BAD_REQUEST;
    if (err != PROTOCOL_OK)
        return api_fail(call, err);

    hub_history_request rq = {
        .delivery = rules_delivery(cfg, o),
        .meta_ttl_ms = config_history_meta_ttl_ms(cfg, o),
        .range = *range,
        .epoch = epoch,
    };

    if (hub_history(call->api->hub, channel, &rq, on_history, call) != GCAST_OK)
        return api_fail(call, PROTOCOL_INTERNAL);
    return API_LATER;
}

api_outcome api_history(api_call *call, view object)
{
    view channel = {0};
    view since = {0};
    view epoch = {0};
    int64_t limit = 0;
    stream_range range = {0};
    param params[] = {
        {VIEW_LIT("channel"), PARAM_STRING, &channel},
        {VIEW_LIT("limit"), PARAM_I64, &limit},
        {VIEW_LIT("since"), PARAM_OBJECT, &since},
        {VIEW_LIT("reverse"), PARAM_BOOL, &range.reverse},
    };
    param position[] = {
        {VIEW_LIT("offset"), PARAM_U64, &range.since},
        {VIEW_LIT("epoch"), PARAM_STRING, &epoch},
    };

    if (!PARAMS_READ(call, object, params) ||
        (since.len != 0 && !PARAMS_READ(call, since, position)))
        return API_MALFORMED;
    range.has_since = since.len != 0;
    range.limit = limit < 0 || limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
    return ask(call, channel, &range, epoch);
}

api_outcome api_history_remove(api_call *call, view object)
{
    view channel = {0};
    param params[] = {{VIEW_LIT("channel"), PARAM_STRING, &channel}};
    const channel_options *o;
    protocol_error err;

    if (!PARAMS_READ(call, object, params))
        return API_MALFORMED;
    err = options_of(call, channel, &o);
    if (err == PROTOCOL_OK && hub_history_remove(call->api->hub, channel) != GCAST_OK)
        err = PROTOCOL_INTERNAL;
    if (err != PROTOCOL_OK)
        return api_fail(call, err);
    buf_append_lit(call->result, "{}");
    return API_DONE;
}
