/* SPDX-License-Identifier: MIT */
/* The methods that publish. */
#include "api_internal.h"
#include "base64.h"

/* Channels of one broadcast: as long as they are published to, the worker does nothing else. */
enum { MAX_BROADCAST = 10000 };

typedef struct payload {
    view data;
    view b64data;
    view tags;
    buf decoded; /* of b64data */
} payload;

/* Makes p->data the JSON that is to be sent. */
static protocol_error payload_settle(payload *p)
{
    if (p->b64data.len != 0) {
        if (!base64_decode(p->b64data, &p->decoded))
            return p->decoded.failed ? PROTOCOL_INTERNAL : PROTOCOL_BAD_REQUEST;
        p->data = buf_view(&p->decoded);
        if (!json_valid(p->data))
            return PROTOCOL_BAD_REQUEST; /* all clients here speak JSON */
    }
    return p->data.len == 0 ? PROTOCOL_BAD_REQUEST : PROTOCOL_OK;
}

static protocol_error publish(const api_call *call, view channel, const payload *p)
{
    publication pub = {.data = p->data, .tags = p->tags};
    protocol_error err = api_check_channel(call, channel);

    if (err != PROTOCOL_OK)
        return err;
    if (hub_publish(call->api->hub, channel, &pub) != GCAST_OK)
        return PROTOCOL_INTERNAL;
    return PROTOCOL_OK;
}

api_outcome api_publish(api_call *call, view object)
{
    view channel = {0};
    payload p = {0};
    param params[] = {
        {VIEW_LIT("channel"), PARAM_STRING, &channel},
        {VIEW_LIT("data"), PARAM_RAW, &p.data},
        {VIEW_LIT("b64data"), PARAM_STRING, &p.b64data},
        {VIEW_LIT("tags"), PARAM_TAGS, &p.tags},
    };

    if (!PARAMS_READ(call, object, params))
        return API_MALFORMED;

    protocol_error err = channel.len == 0 ? PROTOCOL_BAD_REQUEST : payload_settle(&p);

    if (err == PROTOCOL_OK)
        err = publish(call, channel, &p);
    buf_fini(&p.decoded);
    if (err != PROTOCOL_OK)
        return api_fail(call, err);
    buf_append_lit(call->result, "{}");
    return API_DONE;
}

static void broadcast_to(api_call *call, view channels, const payload *p)
{
    json_iter it;
    view channel;
    bool first = true;

    buf_append_lit(call->result, "{\"responses\":[");
    (void)json_iter_init(&it, channels); /* params_read() has seen that it is an array */
    while (params_next_string(call, &it, &channel)) {
        protocol_error err = publish(call, channel, p);

        if (!first)
            buf_append_char(call->result, ',');
        first = false;
        if (err == PROTOCOL_OK) {
            buf_append_lit(call->result, "{\"result\":{}}");
            continue;
        }
        buf_append_lit(call->result, "{\"error\":");
        api_write_error(call->result, err);
        buf_append_char(call->result, '}');
    }
    buf_append_lit(call->result, "]}");
}

api_outcome api_broadcast(api_call *call, view object)
{
    view channels = {0};
    view first;
    json_iter it;
    payload p = {0};
    param params[] = {
        {VIEW_LIT("channels"), PARAM_STRINGS, &channels},
        {VIEW_LIT("data"), PARAM_RAW, &p.data},
        {VIEW_LIT("b64data"), PARAM_STRING, &p.b64data},
        {VIEW_LIT("tags"), PARAM_TAGS, &p.tags},
    };

    if (!PARAMS_READ(call, object, params))
        return API_MALFORMED;

    bool bad = channels.len == 0 || !json_iter_init(&it, channels);
    size_t count = 0;

    while (!bad && json_iter_next(&it, NULL, &first))
        count++;
    protocol_error err =
        bad || count == 0 || count > MAX_BROADCAST ? PROTOCOL_BAD_REQUEST : payload_settle(&p);

    if (err == PROTOCOL_OK)
        broadcast_to(call, channels, &p);
    buf_fini(&p.decoded);
    return err == PROTOCOL_OK ? API_DONE : api_fail(call, err);
}
