/* SPDX-License-Identifier: MIT */
/*
 * Finding one's way in JSON known to be valid. Text that is not gives nonsense, but nothing outside
 * of it is ever read, and every walk ends.
 */
#include "json.h"
#include "json_scan.h"

json_kind json_kind_of(view value)
{
    if (value.len == 0)
        return JSON_KIND_NULL;

    const char *end = value.ptr + value.len;
    const char *at = json_skip_space(value.ptr, end);

    switch (at == end ? '\0' : *at) {
    case '{':
        return JSON_KIND_OBJECT;
    case '[':
        return JSON_KIND_ARRAY;
    case '"':
        return JSON_KIND_STRING;
    case 't':
    case 'f':
        return JSON_KIND_BOOL;
    case 'n':
        return JSON_KIND_NULL;
    default:
        return JSON_KIND_NUMBER;
    }
}

/* From the opening quote to behind the closing one. */
static const char *skip_string(const char *at, const char *end)
{
    at++;
    for (;;) {
        at = json_skip_plain(at, end);
        if (at == end)
            return end;
        if (*at == '"')
            return at + 1;
        at += *at == '\\' && end - at >= 2 ? 2 : 1;
    }
}

/* From an opening bracket to behind the one that closes it. Which kind each one is need not be
 * remembered: in valid text they match. */
static const char *skip_container(const char *at, const char *end)
{
    size_t depth = 0;

    while (at < end) {
        char c = *at;

        if (c == '"') {
            at = skip_string(at, end);
            continue;
        }
        at++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return at;
    }
    return end;
}

static bool ends_scalar(char c)
{
    return c == ',' || c == '}' || c == ']' || json_is_space(c);
}

static const char *skip_value(const char *at, const char *end)
{
    if (at < end && *at == '"')
        return skip_string(at, end);
    if (at < end && (*at == '{' || *at == '['))
        return skip_container(at, end);
    while (at < end && !ends_scalar(*at))
        at++;
    return at;
}

bool json_iter_init(json_iter *it, view value)
{
    json_kind kind = json_kind_of(value);

    if (kind != JSON_KIND_OBJECT && kind != JSON_KIND_ARRAY)
        return false;

    const char *end = value.ptr + value.len;

    it->at = json_skip_space(value.ptr, end) + 1;
    it->end = end;
    it->object = kind == JSON_KIND_OBJECT;
    return true;
}

/* At the next member of the container, or at the bracket that closes it. */
static const char *skip_to_member(const json_iter *it)
{
    const char *at = json_skip_space(it->at, it->end);

    if (at < it->end && *at == ',')
        at = json_skip_space(at + 1, it->end);
    return at;
}

static const char *skip_colon(const char *at, const char *end)
{
    at = json_skip_space(at, end);
    return at < end && *at == ':' ? json_skip_space(at + 1, end) : at;
}

static view between(const char *start, const char *end)
{
    return (view){.ptr = start, .len = (size_t)(end - start)};
}

bool json_iter_next(json_iter *it, view *key, view *value)
{
    const char *start = skip_to_member(it);
    view name = {.ptr = start, .len = 0};

    if (it->object && start < it->end && *start == '"') {
        name = between(start, skip_string(start, it->end));
        start = skip_colon(name.ptr + name.len, it->end);
    }

    const char *stop = skip_value(start, it->end);

    it->at = stop;
    if (key != NULL)
        *key = name;
    *value = between(start, stop);
    return start != stop;
}

bool json_u64(view raw, uint64_t *out)
{
    uint64_t number = 0;

    for (size_t i = 0; i < raw.len; i++) {
        if (!json_is_digit(raw.ptr[i]) || __builtin_mul_overflow(number, UINT64_C(10), &number) ||
            __builtin_add_overflow(number, (uint64_t)(raw.ptr[i] - '0'), &number))
            return false;
    }
    if (raw.len == 0)
        return false;
    *out = number;
    return true;
}

bool json_i64(view raw, int64_t *out)
{
    bool negative = raw.len != 0 && raw.ptr[0] == '-';
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    uint64_t size = 0;

    if (!json_u64(negative ? view_skip(raw, 1) : raw, &size) || size > limit)
        return false;
    *out = (int64_t)(negative ? 0 - size : size);
    return true;
}

bool json_bool(view raw, bool *out)
{
    bool yes = view_eq(raw, VIEW_LIT("true"));

    if (!yes && !view_eq(raw, VIEW_LIT("false")))
        return false;
    *out = yes;
    return true;
}
