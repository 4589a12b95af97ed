/* SPDX-License-Identifier: MIT */
/* The methods that publish. They end when every channel that keeps its publications has told the
 * position of this one. */
#include <stdlib.h>

#include "api_internal.h"
#include "base64.h"
#include "hub_history.h"
#include "rules.h"

/* Channels of one broadcast: as long as they are published to, the worker does nothing else. */
enum { MAX_BROADCAST = 10000 };

typedef struct payload {
    view data;
    view b64data;
    view tags;
    bool skip_history;
    view idempotency_key;
    uint64_t version;
    view version_epoch;
    buf decoded; /* of b64data */
} payload;

/* The members of a request that make up a payload: the rest of an array of params. */
#define PAYLOAD_PARAMS(p)                                                                        \
    {VIEW_LIT("data"), PARAM_RAW, &(p).data}, {VIEW_LIT("b64data"), PARAM_STRING, &(p).b64data}, \
        {VIEW_LIT("tags"), PARAM_TAGS, &(p).tags},                                               \
        {VIEW_LIT("skip_history"), PARAM_BOOL, &(p).skip_history},                               \
        {VIEW_LIT("idempotency_key"), PARAM_STRING, &(p).idempotency_key},                       \
        {VIEW_LIT("version"), PARAM_U64, &(p).version},                                          \
    {                                                                                            \
        VIEW_LIT("version_epoch"), PARAM_STRING, &(p).version_epoch                              \
    }

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

/* ---- what becomes of it, channel by channel ---- */

typedef struct gathering gathering;

typedef struct result {
    gathering *of;
    protocol_error error;
    hub_position at;
} result;

/* One call's publications, until all of them have their results. */
struct gathering {
    api_call *call;
    /* Writes the result of the call, or makes it fail. */
    api_outcome (*finish)(api_call *call, const gathering *g);
    size_t missing; /* results */
    size_t count;
    result results[];
};

static gathering *gathering_new(api_call *call, size_t count,
                                api_outcome (*finish)(api_call *call, const gathering *g))
{
    gathering *g = calloc(1, sizeof *g + count * sizeof *g->results);

    if (g == NULL)
        return NULL;
    g->call = call;
    g->finish = finish;
    return g;
}

static void on_published(void *arg, gcast_err err, const hub_position *at)
{
    result *r = arg;
    gathering *g = r->of;
    api_call *call = g->call;
    api_outcome outcome;

    r->error = err == GCAST_OK ? PROTOCOL_OK : PROTOCOL_INTERNAL;
    r->at = *at;
    if (--g->missing != 0)
        return;
    outcome = g->finish(call, g);
    free(g);
    api_call_end(call, outcome);
}

/* Publishes to one more channel. */
static void publish(gathering *g, view channel, const payload *p)
{
    const config *cfg = api_config(g->call);
    result *r = &g->results[g->count++];
    publication pub = {.data = p->data, .tags = p->tags, .version = p->version};

    r->of = g;
    r->error = api_check_channel(g->call, channel);
    if (r->error != PROTOCOL_OK)
        return;

    const channel_options *o = config_channel_options(cfg, channel);
    bool kept = config_keeps_history(o) && !p->skip_history;
    hub_publish_opts opts = {
        .delivery = rules_delivery(cfg, o),
        .keep = kept ? rules_keep(cfg, o) : (stream_limits){0},
        .idempotency_key = p->idempotency_key,
        .version_epoch = p->version_epoch,
        .published = kept ? on_published : NULL, /* else there is nothing to wait for */
        .arg = r,
    };

    if (hub_publish_opt(g->call->api->hub, channel, &pub, &opts) != GCAST_OK)
        r->error = PROTOCOL_INTERNAL;
    else if (kept)
        g->missing++;
}

/* Everything has been published. */
static api_outcome gather(gathering *g)
{
    api_outcome outcome = API_LATER;

    if (g->missing != 0)
        return outcome;
    outcome = g->finish(g->call, g);
    free(g);
    return outcome;
}

/* {"offset":...,"epoch":...}, without what there is not. */
static void write_result(buf *out, const result *r)
{
    view epoch = hub_position_epoch(&r->at);

    buf_append_char(out, '{');
    if (epoch.len != 0) { /* letters */
        buf_append_lit(out, "\"offset\":");
        buf_append_u64(out, r->at.offset);
        buf_append_lit(out, ",\"epoch\":\"");
        buf_append_view(out, epoch);
        buf_append_char(out, '"');
    }
    buf_append_char(out, '}');
}

/* ---- publish ---- */

static api_outcome finish_publish(api_call *call, const gathering *g)
{
    const result *r = g->results;

    if (r->error != PROTOCOL_OK)
        return api_fail(call, r->error);
    write_result(call->result, r);
    return API_DONE;
}

static api_outcome publish_one(api_call *call, view channel, const payload *p)
{
    gathering *g = gathering_new(call, 1, finish_publish);

    if (g == NULL)
        return api_fail(call, PROTOCOL_INTERNAL);
    publish(g, channel, p);
    return gather(g);
}

api_outcome api_publish(api_call *call, view object)
{
    view channel = {0};
    payload p = {0};
    param params[] = {{VIEW_LIT("channel"), PARAM_STRING, &channel}, PAYLOAD_PARAMS(p)};

    if (!PARAMS_READ(call, object, params))
        return API_MALFORMED;

    protocol_error err = channel.len == 0 ? PROTOCOL_BAD_REQUEST : payload_settle(&p);
    api_outcome outcome = err == PROTOCOL_OK ? publish_one(call, channel, &p) : api_fail(call, err);

    buf_fini(&p.decoded);
    return outcome;
}

/* ---- broadcast ---- */

static api_outcome finish_broadcast(api_call *call, const gathering *g)
{
    buf *out = call->result;

    buf_append_lit(out, "{\"responses\":[");
    for (size_t i = 0; i < g->count; i++) {
        const result *r = &g->results[i];

        if (i != 0)
            buf_append_char(out, ',');
        if (r->error == PROTOCOL_OK) {
            buf_append_lit(out, "{\"result\":");
            write_result(out, r);
        } else {
            buf_append_lit(out, "{\"error\":");
            api_write_error(out, r->error);
        }
        buf_append_char(out, '}');
    }
    buf_append_lit(out, "]}");
    return API_DONE;
}

static api_outcome broadcast_to(api_call *call, view channels, size_t count, const payload *p)
{
    gathering *g = gathering_new(call, count, finish_broadcast);
    json_iter it;
    view channel;

    if (g == NULL)
        return api_fail(call, PROTOCOL_INTERNAL);
    (void)json_iter_init(&it, channels); /* params_read() has seen that it is an array */
    while (g->count < count && params_next_string(call, &it, &channel))
        publish(g, channel, p);
    return gather(g);
}

api_outcome api_broadcast(api_call *call, view object)
{
    view channels = {0};
    view first;
    json_iter it;
    payload p = {0};
    param params[] = {{VIEW_LIT("channels"), PARAM_STRINGS, &channels}, PAYLOAD_PARAMS(p)};

    if (!PARAMS_READ(call, object, params))
        return API_MALFORMED;

    bool bad = channels.len == 0 || !json_iter_init(&it, channels);
    size_t count = 0;

    while (!bad && json_iter_next(&it, NULL, &first))
        count++;
    protocol_error err =
        bad || count == 0 || count > MAX_BROADCAST ? PROTOCOL_BAD_REQUEST : payload_settle(&p);
    api_outcome outcome =
        err == PROTOCOL_OK ? broadcast_to(call, channels, count, &p) : api_fail(call, err);

    buf_fini(&p.decoded);
    return outcome;
}
