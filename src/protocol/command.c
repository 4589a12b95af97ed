/* SPDX-License-Identifier: MIT */
/*
 * Every request is a list of fields: the name on the wire, the function that reads its value, and
 * the place in the struct that takes it. One loop reads them all, the envelope included.
 */
#include "command.h"

#include <assert.h>
#include <stddef.h>

#include "json.h"

/* false: the value has the wrong type or range. Strings with escapes go to `scratch`. */
typedef bool field_reader(view value, void *to, buf *scratch);

typedef struct field {
    view name;
    field_reader *read;
    size_t offset; /* of its place in the struct */
} field;

typedef struct field_list {
    const field *fields;
    size_t count;
} field_list;

static const field *find_field(field_list list, view key)
{
    for (size_t i = 0; i < list.count; i++) {
        if (json_string_is(key, list.fields[i].name))
            return &list.fields[i];
    }
    return NULL;
}

static bool read_fields(view object, field_list list, void *to, buf *scratch)
{
    json_iter it;
    view key;
    view value;

    if (!json_iter_init(&it, object) || !it.object)
        return false;
    while (json_iter_next(&it, &key, &value)) {
        const field *f = json_kind_of(value) == JSON_KIND_NULL ? NULL : find_field(list, key);

        if (f != NULL && !f->read(value, (char *)to + f->offset, scratch))
            return false;
    }
    return true;
}

static bool read_string(view value, void *to, buf *scratch)
{
    if (value.len < 2 || value.ptr[0] != '"')
        return false;
    if (memchr(value.ptr, '\\', value.len) == NULL) {
        *(view *)to = (view){.ptr = value.ptr + 1, .len = value.len - 2};
        return true;
    }

    size_t start = scratch->len;

    if (!json_string_decode(value, scratch))
        return false;
    *(view *)to = view_skip(buf_view(scratch), start);
    return true;
}

static bool read_raw(view value, void *to, buf *scratch)
{
    (void)scratch;
    *(view *)to = value;
    return true;
}

static bool read_object(view value, void *to, buf *scratch)
{
    (void)scratch;
    *(view *)to = value;
    return json_kind_of(value) == JSON_KIND_OBJECT;
}

static bool read_bool(view value, void *to, buf *scratch)
{
    (void)scratch;
    return json_bool(value, to);
}

static bool read_u64(view value, void *to, buf *scratch)
{
    (void)scratch;
    return json_u64(value, to);
}

static bool read_i64(view value, void *to, buf *scratch)
{
    (void)scratch;
    return json_i64(value, to);
}

static bool read_u32(view value, void *to, buf *scratch)
{
    uint64_t number = 0;

    (void)scratch;
    if (!json_u64(value, &number) || number > UINT32_MAX)
        return false;
    *(uint32_t *)to = (uint32_t)number;
    return true;
}

static bool read_i32(view value, void *to, buf *scratch)
{
    int64_t number = 0;

    (void)scratch;
    if (!json_i64(value, &number) || number < INT32_MIN || number > INT32_MAX)
        return false;
    *(int32_t *)to = (int32_t)number;
    return true;
}

#define FIELD(type, place, wire, reader)                                    \
    {                                                                       \
        .name = {.ptr = (wire), .len = sizeof(wire) - 1}, .read = (reader), \
        .offset = offsetof(type, place)                                     \
    }
#define LIST(array)                                                  \
    {                                                                \
        .fields = (array), .count = sizeof(array) / sizeof(*(array)) \
    }

static const field connect_fields[] = {
    FIELD(command, connect.token, "token", read_string),
    FIELD(command, connect.data, "data", read_raw),
    FIELD(command, connect.subs, "subs", read_object),
    FIELD(command, connect.name, "name", read_string),
    FIELD(command, connect.version, "version", read_string),
    FIELD(command, connect.headers, "headers", read_object),
};

static const field subscribe_fields[] = {
    FIELD(command, subscribe.channel, "channel", read_string),
    FIELD(command, subscribe.token, "token", read_string),
    FIELD(command, subscribe.recover, "recover", read_bool),
    FIELD(command, subscribe.since.epoch, "epoch", read_string),
    FIELD(command, subscribe.since.offset, "offset", read_u64),
    FIELD(command, subscribe.data, "data", read_raw),
    FIELD(command, subscribe.positioned, "positioned", read_bool),
    FIELD(command, subscribe.recoverable, "recoverable", read_bool),
    FIELD(command, subscribe.join_leave, "join_leave", read_bool),
    FIELD(command, subscribe.delta, "delta", read_string),
    FIELD(command, subscribe.tf, "tf", read_object),
    FIELD(command, subscribe.flag, "flag", read_i64),
    FIELD(command, subscribe.type, "type", read_i64),
};

/* unsubscribe, presence and presence_stats */
static const field channel_fields[] = {
    FIELD(command, unsubscribe.channel, "channel", read_string),
};

static const field publish_fields[] = {
    FIELD(command, publish.channel, "channel", read_string),
    FIELD(command, publish.data, "data", read_raw),
};

static const field position_fields[] = {
    FIELD(stream_position, offset, "offset", read_u64),
    FIELD(stream_position, epoch, "epoch", read_string),
};

static bool read_since(view value, void *to, buf *scratch)
{
    static const field_list list = LIST(position_fields);
    history_request *history = to;

    history->has_since = true;
    history->since = (stream_position){0};
    return read_fields(value, list, &history->since, scratch);
}

static const field history_fields[] = {
    FIELD(command, history.channel, "channel", read_string),
    FIELD(command, history.limit, "limit", read_i32),
    FIELD(command, history, "since", read_since),
    FIELD(command, history.reverse, "reverse", read_bool),
};

static const field rpc_fields[] = {
    FIELD(command, rpc.method, "method", read_string),
    FIELD(command, rpc.data, "data", read_raw),
};

static const field send_fields[] = {
    FIELD(command, send.data, "data", read_raw),
};

static const field refresh_fields[] = {
    FIELD(command, refresh.token, "token", read_string),
};

static const field sub_refresh_fields[] = {
    FIELD(command, sub_refresh.channel, "channel", read_string),
    FIELD(command, sub_refresh.token, "token", read_string),
};

static const field_list body_lists[] = {
    [COMMAND_CONNECT] = LIST(connect_fields),
    [COMMAND_SUBSCRIBE] = LIST(subscribe_fields),
    [COMMAND_UNSUBSCRIBE] = LIST(channel_fields),
    [COMMAND_PUBLISH] = LIST(publish_fields),
    [COMMAND_PRESENCE] = LIST(channel_fields),
    [COMMAND_PRESENCE_STATS] = LIST(channel_fields),
    [COMMAND_HISTORY] = LIST(history_fields),
    [COMMAND_RPC] = LIST(rpc_fields),
    [COMMAND_SEND] = LIST(send_fields),
    [COMMAND_REFRESH] = LIST(refresh_fields),
    [COMMAND_SUB_REFRESH] = LIST(sub_refresh_fields),
};

enum { KIND_COUNT = sizeof body_lists / sizeof *body_lists };

/* A command before it is known which of its members counts. */
typedef struct envelope {
    uint32_t id;
    view bodies[KIND_COUNT]; /* by kind; len 0: absent */
} envelope;

static const field envelope_fields[] = {
#define X(kind, wire) FIELD(envelope, bodies[COMMAND_##kind], wire, read_object),
    COMMAND_MAP(X)
#undef X
        FIELD(envelope, id, "id", read_u32),
};

static command_kind choose_kind(const envelope *e)
{
    if (e->id == 0) /* nothing else can go without an id: a reply would not find its request */
        return e->bodies[COMMAND_SEND].len != 0 ? COMMAND_SEND : COMMAND_PONG;
    for (size_t kind = COMMAND_CONNECT; kind < KIND_COUNT; kind++) {
        if (e->bodies[kind].len != 0)
            return (command_kind)kind;
    }
    return COMMAND_NONE;
}

const char *command_name(command_kind kind)
{
    switch (kind) {
#define X(name, wire)    \
    case COMMAND_##name: \
        return wire;
        COMMAND_MAP(X)
#undef X
    case COMMAND_PONG:
    case COMMAND_NONE:
        break;
    }
    return "";
}

/* Room for every string in `text` at once, so that scratch stays where it is while views point into
 * it: what an escape stands for is shorter than the escape. */
static bool reserve_scratch(view text, buf *scratch)
{
    return memchr(text.ptr, '\\', text.len) == NULL || buf_reserve(scratch, text.len);
}

bool command_decode(view line, command *out, buf *scratch)
{
    static const field_list list = LIST(envelope_fields);
    envelope e = {0};

    buf_reset(scratch);
    if (!json_valid(line) || !reserve_scratch(line, scratch) ||
        !read_fields(line, list, &e, scratch))
        return false;

    *out = (command){.kind = choose_kind(&e), .id = e.id};
    if (out->kind == COMMAND_PONG || out->kind == COMMAND_NONE)
        return true;
    return read_fields(e.bodies[out->kind], body_lists[out->kind], out, scratch);
}

bool subscribe_request_decode(view object, subscribe_request *out, buf *scratch)
{
    command c = {.kind = COMMAND_SUBSCRIBE};

    if (object.len == 0 || !reserve_scratch(object, scratch) ||
        !read_fields(object, body_lists[c.kind], &c, scratch))
        return false;
    *out = c.subscribe;
    return true;
}

bool command_next_line(view *rest, view *line)
{
    if (rest->len == 0)
        return false;

    const char *feed = memchr(rest->ptr, '\n', rest->len);

    if (feed == NULL) {
        *line = *rest;
        *rest = view_skip(*rest, rest->len);
        return true;
    }
    *line = (view){.ptr = rest->ptr, .len = (size_t)(feed - rest->ptr)};
    *rest = view_skip(*rest, line->len + 1);
    return true;
}
