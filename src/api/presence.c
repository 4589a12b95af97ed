/* SPDX-License-Identifier: MIT */
/* The methods presence and presence_stats. In a large channel they end later than they return. */
#include <stdlib.h>

#include "api_internal.h"

/* A roll call that is under way for a call of the API. */
typedef struct roll_call {
    api_call *call;
    hub_roll *roll;
    bool with_names;
} roll_call;

/* Writes the result and frees rc. */
static api_outcome end(roll_call *rc)
{
    api_call *call = rc->call;
    hub_channel_stats stats = hub_roll_stats(rc->roll);
    api_outcome outcome = API_DONE;

    if (hub_roll_failed(rc->roll)) {
        outcome = api_fail(call, PROTOCOL_INTERNAL);
    } else if (rc->with_names) {
        buf_append_lit(call->result, "{\"presence\":");
        buf_append_view(call->result, hub_roll_names(rc->roll));
        buf_append_char(call->result, '}');
    } else {
        buf_printf(call->result, "{\"num_clients\":%u,\"num_users\":%u}", stats.clients,
                   stats.users);
    }
    hub_roll_free(rc->roll);
    free(rc);
    return outcome;
}

static void on_complete(void *arg)
{
    roll_call *rc = arg;
    api_call *call = rc->call;

    api_call_end(call, end(rc));
}

static api_outcome begin(api_call *call, view channel, bool with_names)
{
    roll_call *rc = calloc(1, sizeof *rc);

    if (rc == NULL)
        return api_fail(call, PROTOCOL_INTERNAL);
    *rc = (roll_call){
        .call = call,
        .roll = hub_roll_new(call->api->hub, channel, with_names),
        .with_names = with_names,
    };
    if (rc->roll == NULL) {
        free(rc);
        return api_fail(call, PROTOCOL_INTERNAL);
    }
    return hub_roll_call(rc->roll, on_complete, rc) ? end(rc) : API_LATER;
}

static api_outcome run(api_call *call, view object, bool with_names)
{
    view channel = {0};
    param params[] = {{VIEW_LIT("channel"), PARAM_STRING, &channel}};
    protocol_error err;

    if (!PARAMS_READ(call, object, params))
        return API_MALFORMED;
    err = api_check_channel(call, channel);
    if (err == PROTOCOL_OK && !config_channel_options(api_config(call), channel)->presence)
        err = PROTOCOL_NOT_AVAILABLE;
    return err != PROTOCOL_OK ? api_fail(call, err) : begin(call, channel, with_names);
}

api_outcome api_presence(api_call *call, view object)
{
    return run(call, object, true);
}

api_outcome api_presence_stats(api_call *call, view object)
{
    return run(call, object, false);
}
