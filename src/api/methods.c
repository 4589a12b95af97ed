/* SPDX-License-Identifier: MIT */
/* All methods, by their names. */
#include "api_internal.h"

/* Known to the protocol's other servers, not built here yet. */
static api_outcome not_available(api_call *call, view object)
{
    (void)object;
    return api_fail(call, PROTOCOL_NOT_AVAILABLE);
}

static const api_method methods[] = {
    /* publish.c */
    {VIEW_LIT("publish"), api_publish},
    {VIEW_LIT("broadcast"), api_broadcast},

    /* connections.c */
    {VIEW_LIT("unsubscribe"), api_unsubscribe},
    {VIEW_LIT("disconnect"), api_disconnect},
    {VIEW_LIT("send"), api_send},

    {VIEW_LIT("subscribe"), not_available},

    {VIEW_LIT("refresh"), not_available},

    /* channels.c */
    {VIEW_LIT("presence_stats"), api_presence_stats},
    {VIEW_LIT("channels"), api_channels},

    {VIEW_LIT("presence"), not_available},

    {VIEW_LIT("history"), not_available},
    {VIEW_LIT("history_remove"), not_available},

    /* info.c */
    {VIEW_LIT("info"), api_info},

    {VIEW_LIT("rpc"), not_available},
};

const api_method *api_method_find(view name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (view_eq(methods[i].name, name))
            return &methods[i];
    }
    return NULL;
}
