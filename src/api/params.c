/* SPDX-License-Identifier: MIT */
/* Reading a request object. */
#include "api_internal.h"

/* Strings without escapes are used where they are; others are decoded into call->strings, which has
 * room for the whole request and therefore never moves. */
static bool read_string(api_call *call, view raw, view *out)
{
    size_t start = call->strings.len;

    if (json_kind_of(raw) != JSON_KIND_STRING)
        return false;
    if (memchr(raw.ptr, '\\', raw.len) == NULL) {
        *out = (view){raw.ptr + 1, raw.len - 2};
        return true;
    }
    if (!json_string_decode(raw, &call->strings))
        return false;
    *out = (view){call->strings.data + start, call->strings.len - start};
    return true;
}

static bool all_strings(view raw, json_kind container)
{
    json_iter it;
    view value;

    if (json_kind_of(raw) != container || !json_iter_init(&it, raw))
        return false;
    while (json_iter_next(&it, NULL, &value)) {
        if (json_kind_of(value) != JSON_KIND_STRING)
            return false;
    }
    return true;
}

static bool read_u32(view raw, uint32_t *out)
{
    uint64_t number;

    if (!json_u64(raw, &number) || number > UINT32_MAX)
        return false;
    *out = (uint32_t)number;
    return true;
}

static bool read_checked(view raw, bool good, view *out)
{
    *out = raw;
    return good;
}

static bool read_value(api_call *call, view raw, const param *p)
{
    switch (p->kind) {
    case PARAM_STRING:
        return read_string(call, raw, p->out);
    case PARAM_RAW:
        return read_checked(raw, true, p->out);
    case PARAM_BOOL:
        return json_bool(raw, p->out);
    case PARAM_U32:
        return read_u32(raw, p->out);
    case PARAM_U64:
        return json_u64(raw, p->out);
    case PARAM_I64:
        return json_i64(raw, p->out);
    case PARAM_STRINGS:
        return read_checked(raw, all_strings(raw, JSON_KIND_ARRAY), p->out);
    case PARAM_OBJECT:
        return read_checked(raw, json_kind_of(raw) == JSON_KIND_OBJECT, p->out);
    case PARAM_TAGS:
        return read_checked(raw, all_strings(raw, JSON_KIND_OBJECT), p->out);
    }
    return false;
}

bool params_read(api_call *call, view object, const param *params, size_t count)
{
    json_iter it;
    view key;
    view value;

    if (json_kind_of(object) != JSON_KIND_OBJECT || !json_iter_init(&it, object))
        return false;
    while (json_iter_next(&it, &key, &value)) {
        for (size_t i = 0; i < count; i++) {
            if (json_kind_of(value) == JSON_KIND_NULL || !json_string_is(key, params[i].name))
                continue;
            if (!read_value(call, value, &params[i]))
                return false;
        }
    }
    return true;
}

bool params_next_string(api_call *call, json_iter *it, view *out)
{
    view raw;

    return json_iter_next(it, NULL, &raw) && read_string(call, raw, out);
}
