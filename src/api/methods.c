/* SPDX-License-Identifier: MIT */
/* The methods, each a function from its request object to its result. */
#include <stdlib.h>

#include "api_internal.h"
#include "auth.h"
#include "base64.h"
#include "channel.h"

/* Channels of one broadcast: as long as they are published to, the worker does nothing else. */
enum { MAX_BROADCAST = 10000 };

#define READ(call, object, list) \
    params_read((call), (object), (list), sizeof(list) / sizeof *(list))

api_outcome api_fail(api_call *call, protocol_error error)
{
    call->error = error;
    return API_ERROR;
}

/* PROTOCOL_OK, or what is wrong with the name of a channel. */
static protocol_error check_channel(const api_call *call, view channel)
{
    const config *cfg = call->api->cfg;

    if (!channel_name_valid(channel, cfg->channel.max_length))
        return PROTOCOL_BAD_REQUEST;
    return config_channel_options(cfg, channel) == NULL ? PROTOCOL_UNKNOWN_CHANNEL : PROTOCOL_OK;
}

/* What a count from the hub means: it, or the error it stands for. */
static api_outcome sent(api_call *call, int64_t count)
{
    return count < 0 ? api_fail(call, PROTOCOL_INTERNAL) : API_DONE;
}

/* ---- publish, broadcast ---- */

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
    protocol_error err = check_channel(call, channel);

    if (err != PROTOCOL_OK)
        return err;
    if (hub_publish(call->api->hub, channel, &pub) != GCAST_OK)
        return PROTOCOL_INTERNAL;
    return PROTOCOL_OK;
}

static api_outcome run_publish(api_call *call, view object)
{
    view channel = {0};
    payload p = {0};
    param params[] = {
        {VIEW_LIT("channel"), PARAM_STRING, &channel},
        {VIEW_LIT("data"), PARAM_RAW, &p.data},
        {VIEW_LIT("b64data"), PARAM_STRING, &p.b64data},
        {VIEW_LIT("tags"), PARAM_TAGS, &p.tags},
    };

    if (!READ(call, object, params))
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

static api_outcome run_broadcast(api_call *call, view object)
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

    if (!READ(call, object, params))
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

/* ---- connections ---- */

static api_outcome run_unsubscribe(api_call *call, view object)
{
    hub_select who = {0};
    view channel = {0};
    param params[] = {
        {VIEW_LIT("user"), PARAM_STRING, &who.user},
        {VIEW_LIT("client"), PARAM_STRING, &who.client},
        {VIEW_LIT("channel"), PARAM_STRING, &channel},
    };

    if (!READ(call, object, params))
        return API_MALFORMED;
    if (channel.len != 0) {
        protocol_error err = check_channel(call, channel);

        if (err != PROTOCOL_OK)
            return api_fail(call, err);
    }
    buf_append_lit(call->result, "{}");
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

static api_outcome run_disconnect(api_call *call, view object)
{
    hub_select who = {0};
    view whitelist = {0};
    view disconnect = {0};
    uint32_t code = DISCONNECT_FORCE_NO_RECONNECT;
    view reason = {0};
    param params[] = {
        {VIEW_LIT("user"), PARAM_STRING, &who.user},
        {VIEW_LIT("client"), PARAM_STRING, &who.client},
        {VIEW_LIT("whitelist"), PARAM_STRINGS, &whitelist},
        {VIEW_LIT("disconnect"), PARAM_OBJECT, &disconnect},
    };
    param advice[] = {
        {VIEW_LIT("code"), PARAM_U32, &code},
        {VIEW_LIT("reason"), PARAM_STRING, &reason},
    };

    if (!READ(call, object, params) || (disconnect.len != 0 && !READ(call, disconnect, advice)))
        return API_MALFORMED;
    if (reason.len == 0)
        reason = view_of(disconnect_text(code));
    if (!valid_disconnect(code, reason))
        return api_fail(call, PROTOCOL_BAD_REQUEST);
    if (!read_whitelist(call, whitelist, &who))
        return api_fail(call, PROTOCOL_INTERNAL);

    int64_t count = hub_disconnect(call->api->hub, &who, code, reason);

    free((void *)who.whitelist);
    buf_append_lit(call->result, "{}");
    return sent(call, count);
}

/* Our own: a message to one connection, one user's connections, or all. */
static api_outcome run_send(api_call *call, view object)
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

    if (!READ(call, object, params))
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

/* ---- channels ---- */

static api_outcome run_presence_stats(api_call *call, view object)
{
    view channel = {0};
    param params[] = {{VIEW_LIT("channel"), PARAM_STRING, &channel}};
    protocol_error err;

    if (!READ(call, object, params))
        return API_MALFORMED;
    if ((err = check_channel(call, channel)) != PROTOCOL_OK)
        return api_fail(call, err);
    if (!config_channel_options(call->api->cfg, channel)->presence)
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

static api_outcome run_channels(api_call *call, view object)
{
    channel_list l = {.out = call->result, .first = true};
    param params[] = {{VIEW_LIT("pattern"), PARAM_STRING, &l.pattern}};

    if (!READ(call, object, params))
        return API_MALFORMED;
    buf_append_lit(call->result, "{\"channels\":{");
    hub_each_channel(call->api->hub, list_channel, &l);
    buf_append_lit(call->result, "}}");
    return API_DONE;
}

/* ---- all of them ---- */

/* Known to the protocol's other servers, not built here yet. */
static api_outcome run_not_available(api_call *call, view object)
{
    (void)object;
    return api_fail(call, PROTOCOL_NOT_AVAILABLE);
}

static const api_method methods[] = {
    {VIEW_LIT("publish"), run_publish},
    {VIEW_LIT("broadcast"), run_broadcast},
    {VIEW_LIT("unsubscribe"), run_unsubscribe},
    {VIEW_LIT("disconnect"), run_disconnect},
    {VIEW_LIT("send"), run_send},
    {VIEW_LIT("presence_stats"), run_presence_stats},
    {VIEW_LIT("channels"), run_channels},
    {VIEW_LIT("info"), api_info},
    {VIEW_LIT("subscribe"), run_not_available},
    {VIEW_LIT("refresh"), run_not_available},
    {VIEW_LIT("presence"), run_not_available},
    {VIEW_LIT("history"), run_not_available},
    {VIEW_LIT("history_remove"), run_not_available},
    {VIEW_LIT("rpc"), run_not_available},
};

const api_method *api_method_find(view name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (view_eq(methods[i].name, name))
            return &methods[i];
    }
    return NULL;
}
