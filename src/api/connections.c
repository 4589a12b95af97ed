/* SPDX-License-Identifier: MIT */
/* The methods that reach for connections: chosen by user and client, wherever they are. */
#include <stdlib.h>

#include "api_internal.h"

/* What a count from the hub means: it, or the error it stands for. */
static api_outcome sent(api_call *call, int64_t count)
{
    return count < 0 ? api_fail(call, PROTOCOL_INTERNAL) : API_DONE;
}

api_outcome api_unsubscribe(api_call *call, view object)
{
    hub_select who = {0};
    view session = {0};
    view channel = {0};
    param params[] = {
        {VIEW_LIT("user"), PARAM_STRING, &who.user},
        {VIEW_LIT("client"), PARAM_STRING, &who.client},
        {VIEW_LIT("session"), PARAM_STRING, &session},
        {VIEW_LIT("channel"), PARAM_STRING, &channel},
    };

    if (!PARAMS_READ(call, object, params))
        return API_MALFORMED;
    if (channel.len != 0) {
        protocol_error err = api_check_channel(call, channel);

        if (err != PROTOCOL_OK)
            return api_fail(call, err);
    }
    buf_append_lit(call->result, "{}");
    if (session.len != 0)
        return API_DONE; /* no transport here has sessions: it names nobody */
    return sent(call, hub_end_subscriptions(call->api->hub, &who, channel, UNSUBSCRIBE_SERVER,
                                            view_of(unsubscribe_text(UNSUBSCRIBE_SERVER))));
}

/* Codes that the protocol leaves to servers and applications; a reason must not be empty, nor look
 * like the old advice objects, and has to fit a close frame. */
static bool valid_disconnect(uint32_t code, view reason)
{
    return code >= 3000 && code <= 4999 && reason.len != 0 && reason.len <= 123 &&
           reason.ptr[0] != '{';
}

/* The ids of `whitelist` as an array that the caller frees; false: out of memory. */
static bool read_whitelist(api_call *call, view whitelist, hub_select *who)
{
    json_iter it;
    view id;
    size_t count = 0;

    if (whitelist.len == 0 || !json_iter_init(&it, whitelist))
        return true;
    while (json_iter_next(&it, NULL, &id))
        count++;

    view *ids = calloc(count + 1, sizeof *ids);

    if (ids == NULL)
        return false;
    who->whitelist = ids;
    (void)json_iter_init(&it, whitelist);
    while (who->whitelist_count < count &&
           params_next_string(call, &it, &ids[who->whitelist_count]))
        who->whitelist_count++;
    return true;
}

api_outcome api_disconnect(api_call *call, view object)
{
    hub_select who = {0};
    view session = {0};
    view whitelist = {0};
    view disconnect = {0};
    uint32_t code = DISCONNECT_FORCE_NO_RECONNECT;
    view reason = {0};
    param params[] = {
        {VIEW_LIT("user"), PARAM_STRING, &who.user},
        {VIEW_LIT("client"), PARAM_STRING, &who.client},
        {VIEW_LIT("session"), PARAM_STRING, &session},
        {VIEW_LIT("whitelist"), PARAM_STRINGS, &whitelist},
        {VIEW_LIT("disconnect"), PARAM_OBJECT, &disconnect},
    };
    param advice[] = {
        {VIEW_LIT("code"), PARAM_U32, &code},
        {VIEW_LIT("reason"), PARAM_STRING, &reason},
    };

    if (!PARAMS_READ(call, object, params) ||
        (disconnect.len != 0 && !PARAMS_READ(call, disconnect, advice)))
        return API_MALFORMED;
    if (code == 0) /* is none: so clients that write all members say it */
        code = DISCONNECT_FORCE_NO_RECONNECT;
    if (reason.len == 0)
        reason = view_of(disconnect_text(code));
    if (!valid_disconnect(code, reason))
        return api_fail(call, PROTOCOL_BAD_REQUEST);
    if (!read_whitelist(call, whitelist, &who))
        return api_fail(call, PROTOCOL_INTERNAL);

    int64_t count = session.len != 0 ? 0 : hub_disconnect(call->api->hub, &who, code, reason);

    free((void *)who.whitelist);
    buf_append_lit(call->result, "{}");
    return sent(call, count);
}

/* Our own: a message to one connection, one user's connections, or all. */
api_outcome api_send(api_call *call, view object)
{
    hub_select who = {.any_user = true};
    bool all = false;
    bool by_user = false;
    view data = {0};
    param params[] = {
        {VIEW_LIT("client"), PARAM_STRING, &who.client},
        {VIEW_LIT("user"), PARAM_STRING, &who.user},
        {VIEW_LIT("all"), PARAM_BOOL, &all},
        {VIEW_LIT("data"), PARAM_RAW, &data},
    };

    if (!PARAMS_READ(call, object, params))
        return API_MALFORMED;
    by_user = who.user.len != 0;
    who.any_user = !by_user;
    if ((who.client.len != 0) + by_user + all != 1 || data.len == 0)
        return api_fail(call, PROTOCOL_BAD_REQUEST);

    int64_t count = hub_send_message(call->api->hub, &who, data);

    if (count >= 0)
        buf_printf(call->result, "{\"recipients\":%lld}", (long long)count);
    return sent(call, count);
}
