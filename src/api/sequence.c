/* SPDX-License-Identifier: MIT */
/*
 * Calls that are made of calls: `batch`, and the old form of the API, lines of {"method", "params"}.
 * They run one after the other, each of them perhaps later.
 */
#include <stdlib.h>

#include "api_internal.h"
#include "list.h"

/* Commands of one request: as long as they run at once, the worker does nothing else. */
enum { MAX_COMMANDS = 10000 };

/* One command as it was sent. */
typedef struct step {
    const api_method *method; /* NULL: there is none, and `error` says why */
    protocol_error error;
    view params;
    uint64_t id; /* 0: none */
} step;

typedef struct sequence {
    api_call call;     /* the one that is under way */
    api_call *whole;   /* its result takes all answers */
    json_iter batched; /* commands of a batch to come */
    view lines;        /* those of the old form, one each, unless... */
    bool is_one;       /* ...all lines together are one */
    bool is_batch;
    bool first;
    step step;
    size_t mark; /* where its answer begins in the result */
} sequence;

/* ---- reading commands ---- */

static void skip_space(view *text)
{
    while (text->len != 0 && strchr(" \t\r\n", *text->ptr) != NULL)
        *text = view_skip(*text, 1);
}

/* The first member that is named after a method and not null. */
static step read_batched(view object)
{
    step one = {.error = PROTOCOL_BAD_REQUEST};
    json_iter it;
    view key;

    if (json_kind_of(object) != JSON_KIND_OBJECT || !json_iter_init(&it, object))
        return one;
    one.error = PROTOCOL_METHOD_NOT_FOUND;
    while (one.method == NULL && json_iter_next(&it, &key, &one.params)) {
        if (json_kind_of(one.params) != JSON_KIND_NULL)
            one.method = api_method_spelled(key);
    }
    return one;
}

/* The numbers that the old form has for methods. */
static const api_method *method_numbered(view raw)
{
    static const view names[] = {
        VIEW_LIT("publish"),     VIEW_LIT("broadcast"),
        VIEW_LIT("unsubscribe"), VIEW_LIT("disconnect"),
        VIEW_LIT("presence"),    VIEW_LIT("presence_stats"),
        VIEW_LIT("history"),     VIEW_LIT("history_remove"),
        VIEW_LIT("channels"),    VIEW_LIT("info"),
        VIEW_LIT("rpc"),         VIEW_LIT("subscribe"),
        VIEW_LIT("refresh"),
    };
    uint64_t number = 0; /* none: publish */

    if (raw.len != 0 && !json_u64(raw, &number))
        return NULL;
    return number < sizeof names / sizeof *names ? api_method_find(names[number]) : NULL;
}

static step read_line(view object)
{
    step one = {.params = VIEW_LIT("{}"), .error = PROTOCOL_METHOD_NOT_FOUND};
    view method = {0};
    json_iter it;
    view key;
    view value;

    (void)json_iter_init(&it, object); /* check_lines() has seen that it is an object */
    while (json_iter_next(&it, &key, &value)) {
        if (json_kind_of(value) == JSON_KIND_NULL)
            continue;
        if (json_string_is(key, VIEW_LIT("id")))
            (void)json_u64(value, &one.id); /* anything else is no id */
        else if (json_string_is(key, VIEW_LIT("method")))
            method = value;
        else if (json_string_is(key, VIEW_LIT("params")))
            one.params = value;
    }
    one.method = json_kind_of(method) == JSON_KIND_STRING ? api_method_spelled(method)
                                                          : method_numbered(method);
    return one;
}

/* The first line of *text, which goes on behind it. */
static view cut_line(view *text, bool is_one)
{
    const char *end = is_one ? NULL : memchr(text->ptr, '\n', text->len);
    view line = {text->ptr, end == NULL ? text->len : (size_t)(end - text->ptr)};

    *text = view_skip(*text, line.len);
    skip_space(text);
    return line;
}

static bool next_command(sequence *s)
{
    view object;

    if (s->is_batch) {
        if (!json_iter_next(&s->batched, NULL, &object))
            return false;
        s->step = read_batched(object);
        return true;
    }
    if (s->lines.len == 0)
        return false;
    s->step = read_line(cut_line(&s->lines, s->is_one));
    return true;
}

/* ---- running them ---- */

static void begin_answer(sequence *s, view member)
{
    buf *out = s->whole->result;

    if (s->is_batch && !s->first)
        buf_append_char(out, ',');
    buf_append_char(out, '{');
    if (s->step.id != 0) {
        buf_append_lit(out, "\"id\":");
        buf_append_u64(out, s->step.id);
        buf_append_char(out, ',');
    }
    buf_append_char(out, '"');
    buf_append_view(out, member);
    buf_append_lit(out, "\":");
}

static void end_answer(sequence *s, api_outcome outcome)
{
    buf *out = s->whole->result;

    if (outcome != API_DONE && !out->failed) {
        out->len = s->mark; /* instead of what has been written of a result */
        begin_answer(s, VIEW_LIT("error"));
        api_write_error(out, outcome == API_MALFORMED ? PROTOCOL_BAD_REQUEST : s->call.error);
    }
    buf_append_char(out, '}');
    if (!s->is_batch)
        buf_append_char(out, '\n');
    s->first = false;
}

static api_outcome run_command(sequence *s)
{
    const api_method *m = s->step.method;

    s->mark = s->whole->result->len;
    if (m == NULL)
        return api_fail(&s->call, s->step.error);
    begin_answer(s, s->is_batch ? m->name : VIEW_LIT("result"));
    return api_call_run(&s->call, m, s->step.params);
}

/* API_DONE: all of them have been answered. API_LATER: on_done() goes on. */
static api_outcome run_commands(sequence *s)
{
    while (next_command(s)) {
        api_outcome outcome = run_command(s);

        if (outcome == API_LATER)
            return API_LATER;
        end_answer(s, outcome);
    }
    if (s->is_batch)
        buf_append_lit(s->whole->result, "]}");
    return API_DONE;
}

static void sequence_free(sequence *s)
{
    buf_fini(&s->call.strings);
    free(s);
}

static void on_done(api_call *call, api_outcome outcome)
{
    sequence *s = container_of(call, sequence, call);
    api_call *whole = s->whole;

    end_answer(s, outcome);
    if (run_commands(s) == API_LATER)
        return;
    sequence_free(s);
    api_call_end(whole, API_DONE);
}

static api_outcome start(api_call *whole, const sequence *commands)
{
    sequence *s = malloc(sizeof *s);
    api_outcome outcome;

    if (s == NULL)
        return api_fail(whole, PROTOCOL_INTERNAL);
    *s = *commands;
    s->call = (api_call){.api = whole->api, .result = whole->result, .done = on_done};
    s->whole = whole;
    s->first = true;
    if (s->is_batch)
        buf_append_lit(whole->result, "{\"replies\":[");
    outcome = run_commands(s);
    if (outcome != API_LATER)
        sequence_free(s);
    return outcome;
}

/* ---- the two forms ---- */

static api_outcome run_batch(api_call *call, view object)
{
    sequence s = {.is_batch = true};
    view commands = VIEW_LIT("[]");
    bool parallel; /* nobody could tell */
    param params[] = {
        {VIEW_LIT("commands"), PARAM_RAW, &commands},
        {VIEW_LIT("parallel"), PARAM_BOOL, &parallel},
    };
    size_t count = 0;

    if (!PARAMS_READ(call, object, params) || json_kind_of(commands) != JSON_KIND_ARRAY ||
        !json_iter_init(&s.batched, commands))
        return API_MALFORMED;

    json_iter it = s.batched;
    view ignored;

    while (count <= MAX_COMMANDS && json_iter_next(&it, NULL, &ignored))
        count++;
    return count > MAX_COMMANDS ? api_fail(call, PROTOCOL_BAD_REQUEST) : start(call, &s);
}

/* How many lines there are; 0: not one, or not all of them are JSON objects. */
static size_t check_lines(const sequence *s)
{
    view text = s->lines;
    size_t count = 0;

    while (text.len != 0) {
        view line = cut_line(&text, s->is_one);

        if (json_kind_of(line) != JSON_KIND_OBJECT || !json_valid(line))
            return 0;
        count++;
    }
    return count;
}

static api_outcome run_lines(api_call *call, view text)
{
    sequence s = {.lines = text, .is_one = json_valid(text)};
    size_t count;

    skip_space(&s.lines);
    count = check_lines(&s);
    if (count == 0)
        return API_MALFORMED;
    return count > MAX_COMMANDS ? api_fail(call, PROTOCOL_BAD_REQUEST) : start(call, &s);
}

const api_method api_batch = {VIEW_LIT("batch"), run_batch};
const api_method api_lines = {VIEW_LIT(""), run_lines};
