/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef API_API_INTERNAL_H
#define API_API_INTERNAL_H

#include "api.h"
#include "channel.h"
#include "codes.h"
#include "json.h"

/* How a method ended. */
typedef enum api_outcome {
    API_DONE,      /* the result has been written */
    API_ERROR,     /* call->error says which */
    API_MALFORMED, /* a member has the wrong type: HTTP 400 */
    API_LATER,     /* not yet: api_call_end() follows */
} api_outcome;

/*
 * One call of a method. On the heap, so that it may end later than the method returns. Views point
 * into the request's body, which stays until the end, or into `strings`.
 */
typedef struct api_call {
    const api *api;
    protocol_error error;
    buf *result; /* takes the result object */
    buf strings; /* decoded strings; as large as the request with escapes, so that it never moves */
    bool running; /* the method has not returned yet */
    bool ended;   /* api_call_end() came before that, with... */
    api_outcome outcome;
    /* On the worker's thread, if the method returned API_LATER: the end. */
    void (*done)(struct api_call *call, api_outcome outcome);
} api_call;

typedef struct api_method {
    view name;
    api_outcome (*run)(api_call *call, view params);
} api_method;

/* ---- call.c ---- */

/* The configuration as it is now; it is another one, and this may be gone, when the call goes on
 * later. */
const config *api_config(const api_call *call);

api_outcome api_fail(api_call *call, protocol_error error);

/* PROTOCOL_OK, or what is wrong with the name of a channel. */
protocol_error api_check_channel(const api_call *call, view channel);

/* Runs a method on a call whose `api`, `result` and `done` are set; `params` is valid JSON. Returns its
 * outcome, or API_LATER: call->done() follows. */
api_outcome api_call_run(api_call *call, const api_method *method, view params);

/*
 * Ends a call whose method returns API_LATER, on the thread it was called on, once: when the method
 * has returned (from a letter that was posted back to hub_worker_mailbox(), for one), or before. The
 * call may be gone afterwards.
 */
void api_call_end(api_call *call, api_outcome outcome);

/* ---- api.c ---- */

/* Appends {"code":...,"message":...}. */
void api_write_error(buf *out, protocol_error error);

/* ---- params.c: members of the request object ---- */

typedef enum param_kind {
    PARAM_STRING,  /* view */
    PARAM_RAW,     /* view: the value as it was sent */
    PARAM_BOOL,    /* bool */
    PARAM_U32,     /* uint32_t */
    PARAM_U64,     /* uint64_t */
    PARAM_I64,     /* int64_t */
    PARAM_STRINGS, /* view: a raw array of strings, checked */
    PARAM_OBJECT,  /* view: a raw object */
    PARAM_TAGS,    /* view: a raw object whose values are strings, checked */
} param_kind;

typedef struct param {
    view name;
    param_kind kind;
    void *out; /* as the kind says; untouched when the member is absent or null */
} param;

/* Finds the members of a valid JSON object. Others are ignored; of duplicates the last counts.
 * false: a member has the wrong type. */
bool params_read(api_call *call, view object, const param *params, size_t count);

/* The next string of a checked array. false: no more. */
bool params_next_string(api_call *call, json_iter *it, view *out);

/* params_read() of a whole array. */
#define PARAMS_READ(call, object, list) \
    params_read((call), (object), (list), sizeof(list) / sizeof *(list))

/* ---- methods.c ---- */

/* NULL: there is no such method. */
const api_method *api_method_find(view name);

/* The same for a raw JSON string. */
const api_method *api_method_spelled(view raw);

/* ---- sequence.c: calls of several methods; their result is the whole answer ---- */

/* {"commands":[...]} -> {"replies":[...]} */
extern const api_method api_batch;

/* The old form of the API: lines of {"id", "method", "params"}, answered by as many lines. Its `params`
 * need not be JSON. It has no name. */
extern const api_method api_lines;

/* ---- publish.c ---- */

api_outcome api_publish(api_call *call, view object);
api_outcome api_broadcast(api_call *call, view object);

/* ---- connections.c ---- */

api_outcome api_unsubscribe(api_call *call, view object);
api_outcome api_disconnect(api_call *call, view object);
api_outcome api_send(api_call *call, view object);

/* ---- orders.c ---- */

api_outcome api_subscribe(api_call *call, view object);
api_outcome api_refresh(api_call *call, view object);

/* ---- channels.c ---- */

api_outcome api_channels(api_call *call, view object);

/* ---- presence.c ---- */

api_outcome api_presence(api_call *call, view object);
api_outcome api_presence_stats(api_call *call, view object);

/* ---- history.c ---- */

api_outcome api_history(api_call *call, view object);
api_outcome api_history_remove(api_call *call, view object);

/* ---- info.c ---- */

api_outcome api_info(api_call *call, view object);

#endif
