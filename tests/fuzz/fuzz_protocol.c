/* SPDX-License-Identifier: MIT */
/*
 * Promises of the protocol room, for any bytes at all. Jansson is the second opinion on what JSON
 * is and means; it refuses four things that we take on purpose (see refused_for_its_own_reasons).
 */
#include <jansson.h>
#include <string.h>

#include "command.h"
#include "fuzz.h"
#include "json.h"
#include "reply.h"

/* Jansson converts as it reads: numbers must fit, surrogates must pair, a key must be a C string.
 * It also counts a scalar as a level of depth. */
static bool refused_for_its_own_reasons(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_numeric_overflow:
    case json_error_null_byte_in_key:
    case json_error_stack_overflow:
        return true;
    default:
        return strncmp(error->text, "invalid Unicode", strlen("invalid Unicode")) == 0;
    }
}

static void check_string(view raw, const json_t *other)
{
    view text = {.ptr = json_string_value(other), .len = json_string_length(other)};
    buf decoded = {0};

    require(json_string_decode(raw, &decoded), "a string is decoded");
    require(view_eq(buf_view(&decoded), text), "a string means the same to both");
    require(json_string_is(raw, text), "a string is what it decodes to");
    require(decoded.len <= raw.len, "decoding never lengthens");
    buf_fini(&decoded);
}

static void check_integer(view raw, const json_t *other)
{
    int64_t number = 0;

    require(json_i64(raw, &number), "an integer is read");
    require(number == json_integer_value(other), "an integer means the same to both");
}

/* The last member of that name. */
static bool find_member(view object, const char *name, view *value)
{
    json_iter it;
    view key;
    view each;
    bool found = false;

    require(json_iter_init(&it, object), "an object can be walked");
    while (json_iter_next(&it, &key, &each)) {
        if (json_string_is(key, view_of(name))) {
            *value = each;
            found = true;
        }
    }
    return found;
}

static void check_value(view value, json_t *other);

static void check_object(view value, json_t *other)
{
    const char *name = NULL;
    json_t *member = NULL;
    view found;

    json_object_foreach(other, name, member)
    {
        require(find_member(value, name, &found), "a member is there for both");
        check_value(found, member);
    }
}

static void check_array(view value, const json_t *other)
{
    json_iter it;
    view element;
    size_t count = 0;

    require(json_iter_init(&it, value), "an array can be walked");
    while (json_iter_next(&it, NULL, &element))
        check_value(element, json_array_get(other, count++));
    require(count == json_array_size(other), "an array is equally long for both");
}

/* Recursive, as a test may be: Jansson has bounded the depth. */
static void check_value(view value, json_t *other)
{
    json_kind kind = json_kind_of(value);
    bool flag = false;

    switch (json_typeof(other)) {
    case JSON_OBJECT:
        require(kind == JSON_KIND_OBJECT, "an object is one to both");
        check_object(value, other);
        break;
    case JSON_ARRAY:
        require(kind == JSON_KIND_ARRAY, "an array is one to both");
        check_array(value, other);
        break;
    case JSON_STRING:
        require(kind == JSON_KIND_STRING, "a string is one to both");
        check_string(value, other);
        break;
    case JSON_INTEGER:
        require(kind == JSON_KIND_NUMBER, "an integer is a number to both");
        check_integer(value, other);
        break;
    case JSON_REAL:
        require(kind == JSON_KIND_NUMBER, "a real is a number to both");
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        require(json_bool(value, &flag) && flag == json_is_true(other), "true is true to both");
        break;
    case JSON_NULL:
        require(kind == JSON_KIND_NULL, "null is null to both");
        break;
    }
}

/* The text without white space around it, as the functions that read one value want it. */
static view trimmed(view text)
{
    while (text.len != 0 && strchr(" \t\r\n", text.ptr[0]) != NULL)
        text = view_skip(text, 1);
    while (text.len != 0 && strchr(" \t\r\n", text.ptr[text.len - 1]) != NULL)
        text.len--;
    return text;
}

static void check_against_jansson(view text)
{
    json_error_t error;

    if (text.len != 0 && memchr(text.ptr, '\0', text.len) != NULL) {
        require(!json_valid(text), "a NUL byte is not valid"); /* Jansson 2.14 loses it sometimes */
        return;
    }

    json_t *other = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    if (other != NULL) {
        require(json_valid(text), "what Jansson takes is valid");
        check_value(trimmed(text), other);
    } else if (json_valid(text)) {
        require(refused_for_its_own_reasons(&error), "what Jansson refuses is not valid");
    }
    json_decref(other);
}

static size_t count_line_breaks(view text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n' || text.ptr[i] == '\r';
    return count;
}

/* What comes in may be nested as deep as we take it; what goes out wraps it in a few levels more.
 */
static bool may_be_too_deep(view line)
{
    size_t opened = 0;

    for (size_t i = 0; i < line.len; i++)
        opened += line.ptr[i] == '[' || line.ptr[i] == '{';
    return opened > JSON_MAX_DEPTH;
}

/* One line of valid JSON. */
static void check_line(view line)
{
    require(json_valid(line) || may_be_too_deep(line), "what is sent is valid JSON");
    require(count_line_breaks(line) == 0, "what is sent has no line break");
}

static void check_writing(view text)
{
    buf out = {0};
    buf back = {0};
    buf again = {0};

    if (json_valid(text)) {
        json_write_raw(&out, text);
        check_line(buf_view(&out));
        require(out.len == text.len - count_line_breaks(text), "only line breaks are removed");
        buf_reset(&out);
    }

    json_write_string(&out, text);
    check_line(buf_view(&out));
    require(json_string_decode(buf_view(&out), &back), "a written string can be read");
    json_write_string(&again, buf_view(&back));
    require(view_eq(buf_view(&again), buf_view(&out)), "what was read is written the same way");
    buf_fini(&again);
    buf_fini(&back);
    buf_fini(&out);
}

/* A walk over any bytes ends, and every member lies inside. */
static void check_walk(view text)
{
    json_iter it;
    view key;
    view value;
    const char *last = text.ptr;
    buf out = {0};

    if (!json_iter_init(&it, text))
        return;
    while (json_iter_next(&it, &key, &value)) {
        require(key.ptr >= last && value.ptr >= key.ptr + key.len, "members come in order");
        last = value.ptr + value.len;
        require(last <= text.ptr + text.len, "members lie within the text");
        (void)json_string_decode(key, &out);
        (void)json_string_is(value, key);
    }
    buf_fini(&out);
}

/* Where the strings of a command may lie. */
typedef struct home {
    view line;
    view scratch;
} home;

static bool within(view inner, view outer)
{
    uintptr_t start = (uintptr_t)inner.ptr;
    uintptr_t outer_start = (uintptr_t)outer.ptr;

    return start >= outer_start && start + inner.len <= outer_start + outer.len;
}

static void check_home(view v, const home *h)
{
    require(v.len == 0 || within(v, h->line) || within(v, h->scratch),
            "a view lies within the line or the scratch");
}

static void check_raw(view v, const home *h)
{
    require(v.len == 0 || (within(v, h->line) && json_valid(v)), "raw JSON is valid and untouched");
}

static void check_subscribe(const subscribe_request *s, const home *h)
{
    subscribe_result result = {.epoch = s->since.epoch, .offset = s->since.offset, .data = s->data};
    buf out = {0};

    check_home(s->channel, h);
    check_home(s->token, h);
    check_home(s->since.epoch, h);
    check_home(s->delta, h);
    check_raw(s->data, h);
    check_raw(s->tf, h);
    push_subscribe(&out, s->channel, &result);
    check_line(buf_view(&out));
    buf_fini(&out);
}

/* The subscriptions to resume are decoded into the same scratch, which must not move meanwhile. */
static void check_resumed(view subs, buf *scratch, view line)
{
    const char *before = scratch->data;
    json_iter it;
    view value;
    subscribe_request request;

    if (!json_iter_init(&it, subs))
        return;
    while (json_iter_next(&it, NULL, &value)) {
        if (!subscribe_request_decode(value, &request, scratch))
            continue;
        check_subscribe(&request, &(home){.line = line, .scratch = buf_view(scratch)});
        require(scratch->data == before, "scratch stays where it is");
    }
}

static void check_connect(const connect_request *c, const home *h)
{
    connect_sub sub = {.channel = c->token};
    connect_result result = {
        .client = c->name, .version = c->version, .data = c->data, .subs = &sub, .sub_count = 1};
    buf out = {0};

    check_home(c->token, h);
    check_home(c->name, h);
    check_home(c->version, h);
    check_raw(c->data, h);
    check_raw(c->subs, h);
    check_raw(c->headers, h);
    reply_connect(&out, 1, &result);
    check_line(buf_view(&out));
    buf_fini(&out);
}

static void check_publish(view channel, view data, const home *h)
{
    client_info info = {.user = channel, .client = channel, .conn_info = data};
    publication pub = {.data = data, .info = &info, .epoch = channel, .offset = 1};
    buf out = {0};

    check_home(channel, h);
    check_raw(data, h);
    push_publication(&out, channel, &pub);
    check_line(buf_view(&out));
    buf_reset(&out);
    write_publication(&out, &pub);
    check_line(buf_view(&out));
    buf_fini(&out);
}

static void check_body(const command *c, buf *scratch, view line)
{
    home h = {.line = line, .scratch = buf_view(scratch)};

    switch (c->kind) {
    case COMMAND_CONNECT:
        check_connect(&c->connect, &h);
        check_resumed(c->connect.subs, scratch, line);
        break;
    case COMMAND_SUBSCRIBE:
        check_subscribe(&c->subscribe, &h);
        break;
    case COMMAND_UNSUBSCRIBE:
    case COMMAND_PRESENCE:
    case COMMAND_PRESENCE_STATS:
        check_home(c->unsubscribe.channel, &h);
        break;
    case COMMAND_PUBLISH:
        check_publish(c->publish.channel, c->publish.data, &h);
        break;
    case COMMAND_HISTORY:
        check_home(c->history.channel, &h);
        check_home(c->history.since.epoch, &h);
        break;
    case COMMAND_RPC:
        check_publish(c->rpc.method, c->rpc.data, &h);
        break;
    case COMMAND_SEND:
        check_raw(c->send.data, &h);
        break;
    case COMMAND_REFRESH:
        check_home(c->refresh.token, &h);
        break;
    case COMMAND_SUB_REFRESH:
        check_home(c->sub_refresh.channel, &h);
        check_home(c->sub_refresh.token, &h);
        break;
    case COMMAND_PONG:
    case COMMAND_NONE:
        break;
    }
}

static void check_command(view line)
{
    buf scratch = {0};
    buf out = {0};
    command c;

    if (command_decode(line, &c, &scratch)) {
        require(json_valid(line), "a command is valid JSON");
        require(c.id != 0 || c.kind == COMMAND_PONG || c.kind == COMMAND_SEND,
                "only a pong or a send has no id");
        check_body(&c, &scratch, line);
        reply_empty(&out, c.id, c.kind);
        check_line(buf_view(&out));
    }
    buf_fini(&out);
    buf_fini(&scratch);
}

static void check_frame(view frame)
{
    view rest = frame;
    view line;
    size_t lines = 0;
    size_t bytes = 0;

    while (command_next_line(&rest, &line)) {
        require(line.len == 0 || memchr(line.ptr, '\n', line.len) == NULL, "a line is one line");
        lines++;
        bytes += line.len;
        check_command(line);
    }

    bool feed_at_end = frame.len != 0 && frame.ptr[frame.len - 1] == '\n';

    require(bytes + lines == frame.len + (frame.len != 0 && !feed_at_end),
            "lines and line feeds make up the frame");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    view text = {.ptr = (const char *)data, .len = size};

    check_against_jansson(text);
    check_writing(text);
    check_walk(text);
    check_command(text);
    check_frame(text);
    return 0;
}
