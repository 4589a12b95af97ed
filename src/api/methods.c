/* SPDX-License-Identifier: MIT */
/* All methods, by their names. */
#include "api_internal.h"

static api_outcome no_procedure(api_call *call, view object)
{
    view method = {0};
    param params[] = {{VIEW_LIT("method"), PARAM_STRING, &method}};

    if (!PARAMS_READ(call, object, params))
        return API_MALFORMED;
    return api_fail(call, method.len == 0 ? PROTOCOL_BAD_REQUEST : PROTOCOL_METHOD_NOT_FOUND);
}

static const api_method methods[] = {
    /* publish.c */
    {VIEW_LIT("publish"), api_publish},
    {VIEW_LIT("broadcast"), api_broadcast},

    /* connections.c */
    {VIEW_LIT("unsubscribe"), api_unsubscribe},
    {VIEW_LIT("disconnect"), api_disconnect},
    {VIEW_LIT("send"), api_send},

    /* orders.c */
    {VIEW_LIT("subscribe"), api_subscribe},
    {VIEW_LIT("refresh"), api_refresh},

    /* channels.c */
    {VIEW_LIT("channels"), api_channels},

    /* presence.c */
    {VIEW_LIT("presence"), api_presence},
    {VIEW_LIT("presence_stats"), api_presence_stats},

    /* history.c */
    {VIEW_LIT("history"), api_history},
    {VIEW_LIT("history_remove"), api_history_remove},

    /* info.c */
    {VIEW_LIT("info"), api_info},

    /* No procedures can be registered. */
    {VIEW_LIT("rpc"), no_procedure},
};

const api_method *api_method_find(view name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (view_eq(methods[i].name, name))
            return &methods[i];
    }
    return NULL;
}

const api_method *api_method_spelled(view raw)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (json_string_is(raw, methods[i].name))
            return &methods[i];
    }
    return NULL;
}
