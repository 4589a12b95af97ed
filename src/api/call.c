/* SPDX-License-Identifier: MIT */
/* One call of a method, which may end later than the method returns. */
#include "api_internal.h"

api_outcome api_fail(api_call *call, protocol_error error)
{
    call->error = error;
    return API_ERROR;
}

protocol_error api_check_channel(const api_call *call, view channel)
{
    const config *cfg = api_config(call);

    if (!channel_name_valid(channel, cfg->channel.max_length))
        return PROTOCOL_BAD_REQUEST;
    return config_channel_options(cfg, channel) == NULL ? PROTOCOL_UNKNOWN_CHANNEL : PROTOCOL_OK;
}

api_outcome api_call_run(api_call *call, const api_method *method, view params)
{
    bool has_escapes = params.len != 0 && memchr(params.ptr, '\\', params.len) != NULL;
    api_outcome outcome;

    buf_reset(&call->strings);
    if (has_escapes && !buf_reserve(&call->strings, params.len))
        return api_fail(call, PROTOCOL_INTERNAL);
    call->running = true;
    call->ended = false;
    outcome = method->run(call, params);
    call->running = false;
    return outcome == API_LATER && call->ended ? call->outcome : outcome;
}

void api_call_end(api_call *call, api_outcome outcome)
{
    if (!call->running) {
        call->done(call, outcome);
        return;
    }
    call->ended = true;
    call->outcome = outcome;
}
