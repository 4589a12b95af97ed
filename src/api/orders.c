/* SPDX-License-Identifier: MIT */
/* The methods that change connections: subscribe, refresh. */
#include "orders.h"
#include "api_internal.h"
#include "base64.h"

/* There is no transport with sessions, so a session names no connection. */
static api_outcome send_order(api_call *call, view session, int64_t count)
{
    if (session.len == 0 && count < 0)
        return api_fail(call, PROTOCOL_INTERNAL);
    buf_append_lit(call->result, "{}");
    return API_DONE;
}

/* Raw JSON, or in its place what is in base64, if there is something. PROTOCOL_OK, or why not. */
static protocol_error settle(view *json, view base64, buf *decoded)
{
    if (base64.len == 0)
        return PROTOCOL_OK;
    if (!base64_decode(base64, decoded))
        return decoded->failed ? PROTOCOL_INTERNAL : PROTOCOL_BAD_REQUEST;
    *json = buf_view(decoded);
    return json_valid(*json) ? PROTOCOL_OK : PROTOCOL_BAD_REQUEST; /* all clients here speak JSON */
}

api_outcome api_subscribe(api_call *call, view object)
{
    hub_select who = {0};
    client_sub_order order = {0};
    view session = {0};
    view b64info = {0};
    view b64data = {0};
    view override = {0};
    view since = {0};
    buf info = {0};
    buf data = {0};
    param params[] = {
        {VIEW_LIT("user"), PARAM_STRING, &who.user},
        {VIEW_LIT("client"), PARAM_STRING, &who.client},
        {VIEW_LIT("session"), PARAM_STRING, &session},
        {VIEW_LIT("channel"), PARAM_STRING, &order.channel},
        {VIEW_LIT("info"), PARAM_RAW, &order.info},
        {VIEW_LIT("b64info"), PARAM_STRING, &b64info},
        {VIEW_LIT("data"), PARAM_RAW, &order.data},
        {VIEW_LIT("b64data"), PARAM_STRING, &b64data},
        {VIEW_LIT("override"), PARAM_OBJECT, &override},
        {VIEW_LIT("recover_since"), PARAM_OBJECT, &since},
        {VIEW_LIT("expire_at"), PARAM_I64, &order.expire_at_s},
    };
    param position[] = {
        {VIEW_LIT("offset"), PARAM_U64, &order.since.offset},
        {VIEW_LIT("epoch"), PARAM_STRING, &order.since.epoch},
    };
    protocol_error err;
    int64_t count = 0;

    if (!PARAMS_READ(call, object, params) ||
        (since.len != 0 && !PARAMS_READ(call, since, position)) ||
        !channel_override_read(override, &order.override))
        return API_MALFORMED;
    order.recovers = since.len != 0;
    err = api_check_channel(call, order.channel);
    if (err == PROTOCOL_OK)
        err = settle(&order.info, b64info, &info);
    if (err == PROTOCOL_OK)
        err = settle(&order.data, b64data, &data);
    if (err == PROTOCOL_OK && session.len == 0)
        count = clients_subscribe(call->api->hub, &who, &order);
    buf_fini(&info);
    buf_fini(&data);
    return err == PROTOCOL_OK ? send_order(call, session, count) : api_fail(call, err);
}

api_outcome api_refresh(api_call *call, view object)
{
    hub_select who = {0};
    client_refresh_order order = {0};
    view session = {0};
    int64_t count = 0;
    param params[] = {
        {VIEW_LIT("user"), PARAM_STRING, &who.user},
        {VIEW_LIT("client"), PARAM_STRING, &who.client},
        {VIEW_LIT("session"), PARAM_STRING, &session},
        {VIEW_LIT("expired"), PARAM_BOOL, &order.expired},
        {VIEW_LIT("expire_at"), PARAM_I64, &order.expire_at_s},
        {VIEW_LIT("info"), PARAM_RAW, &order.info},
    };

    if (!PARAMS_READ(call, object, params))
        return API_MALFORMED;
    if (session.len == 0)
        count = clients_refresh(call->api->hub, &who, &order);
    return send_order(call, session, count);
}
