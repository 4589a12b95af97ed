/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef API_API_INTERNAL_H
#define API_API_INTERNAL_H

#include "api.h"
#include "codes.h"
#include "json.h"

/* How a method ended. */
typedef enum api_outcome {
    API_DONE,      /* the result has been written */
    API_ERROR,     /* call->error says which */
    API_MALFORMED, /* a member has the wrong type: HTTP 400 */
} api_outcome;

/* One call. Views point into the request's body or into `strings`. */
typedef struct api_call {
    const api *api;
    protocol_error error;
    buf *result; /* takes the result object */
    buf strings; /* decoded strings; sized at the start, so that views into it stay good */
} api_call;

api_outcome api_fail(api_call *call, protocol_error error);

/* Appends {"code":...,"message":...}. */
void api_write_error(buf *out, protocol_error error);

/* ---- params.c: members of the request object ---- */

typedef enum param_kind {
    PARAM_STRING,  /* view */
    PARAM_RAW,     /* view: the value as it was sent */
    PARAM_BOOL,    /* bool */
    PARAM_U32,     /* uint32_t */
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

/* ---- methods.c ---- */

typedef struct api_method {
    view name;
    api_outcome (*run)(api_call *call, view params);
} api_method;

/* NULL: there is no such method. */
const api_method *api_method_find(view name);

/* ---- info.c ---- */

api_outcome api_info(api_call *call, view params);

#endif
