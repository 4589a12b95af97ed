/* SPDX-License-Identifier: MIT */
/*
 * JSON is appended from left to right. What the protocol leaves out when it is zero goes through
 * the opt_ functions, what is always there through member() and a writer.
 */
#include "reply.h"

#include "json.h"

/* A comma, unless this is the first thing in its container. */
static void separate(buf *out)
{
    char last = out->len == 0 ? '\0' : out->data[out->len - 1];

    if (last != '{' && last != '[')
        buf_append_char(out, ',');
}

/* `name` is one of our own, with nothing in it to escape. */
static void member(buf *out, const char *name)
{
    separate(out);
    buf_append_char(out, '"');
    buf_append_view(out, view_of(name));
    buf_append_lit(out, "\":");
}

/* A member whose name comes from outside. */
static void keyed_member(buf *out, view key)
{
    separate(out);
    json_write_string(out, key);
    buf_append_char(out, ':');
}

static void open_member(buf *out, const char *name)
{
    member(out, name);
    buf_append_char(out, '{');
}

static void close_object(buf *out)
{
    buf_append_char(out, '}');
}

static void opt_u64(buf *out, const char *name, uint64_t number)
{
    if (number == 0)
        return;
    member(out, name);
    buf_append_u64(out, number);
}

static void opt_true(buf *out, const char *name, bool set)
{
    if (!set)
        return;
    member(out, name);
    buf_append_lit(out, "true");
}

static void opt_string(buf *out, const char *name, view text)
{
    if (text.len == 0)
        return;
    member(out, name);
    json_write_string(out, text);
}

static void opt_raw(buf *out, const char *name, view json)
{
    if (json.len == 0)
        return;
    member(out, name);
    json_write_raw(out, json);
}

/* {"id":1,"subscribe":{ */
static void begin_reply(buf *out, uint32_t id, const char *name)
{
    buf_append_char(out, '{');
    opt_u64(out, "id", id);
    open_member(out, name);
}

static void end_reply(buf *out)
{
    buf_append_lit(out, "}}");
}

/* {"push":{"channel":"a","pub":{ */
static void begin_push(buf *out, view channel, const char *name)
{
    buf_append_lit(out, "{\"push\":{");
    opt_string(out, "channel", channel);
    open_member(out, name);
}

static void end_push(buf *out)
{
    buf_append_lit(out, "}}}");
}

void write_client_info(buf *out, const client_info *info)
{
    buf_append_char(out, '{');
    member(out, "user");
    json_write_string(out, info->user);
    member(out, "client");
    json_write_string(out, info->client);
    opt_raw(out, "conn_info", info->conn_info);
    opt_raw(out, "chan_info", info->chan_info);
    close_object(out);
}

static void publication_members(buf *out, const publication *pub)
{
    opt_raw(out, "data", pub->data);
    if (pub->info != NULL) {
        member(out, "info");
        write_client_info(out, pub->info);
    }
    opt_u64(out, "offset", pub->offset);
    opt_raw(out, "tags", pub->tags);
    opt_string(out, "epoch", pub->epoch);
    opt_u64(out, "version", pub->version);
}

void write_publication(buf *out, const publication *pub)
{
    buf_append_char(out, '{');
    publication_members(out, pub);
    close_object(out);
}

static void expiry_members(buf *out, bool expires, uint32_t ttl_s)
{
    opt_true(out, "expires", expires);
    opt_u64(out, "ttl", ttl_s);
}

static void subscribe_members(buf *out, const subscribe_result *result)
{
    expiry_members(out, result->expires, result->ttl_s);
    opt_true(out, "recoverable", result->recoverable);
    opt_string(out, "epoch", result->epoch);
    opt_raw(out, "publications", result->publications);
    opt_true(out, "recovered", result->recovered);
    opt_u64(out, "offset", result->offset);
    opt_true(out, "positioned", result->positioned);
    opt_raw(out, "data", result->data);
    opt_true(out, "was_recovering", result->was_recovering);
}

static void connect_subs(buf *out, const connect_sub *subs, size_t count)
{
    if (count == 0)
        return;
    open_member(out, "subs");
    for (size_t i = 0; i < count; i++) {
        keyed_member(out, subs[i].channel);
        buf_append_char(out, '{');
        subscribe_members(out, &subs[i].result);
        close_object(out);
    }
    close_object(out);
}

void reply_error(buf *out, uint32_t id, protocol_error code)
{
    begin_reply(out, id, "error");
    opt_u64(out, "code", code);
    opt_string(out, "message", view_of(protocol_error_text(code)));
    opt_true(out, "temporary", protocol_error_temporary(code));
    end_reply(out);
}

void reply_empty(buf *out, uint32_t id, command_kind kind)
{
    begin_reply(out, id, command_name(kind));
    end_reply(out);
}

void reply_connect(buf *out, uint32_t id, const connect_result *result)
{
    begin_reply(out, id, "connect");
    opt_string(out, "client", result->client);
    opt_string(out, "version", result->version);
    expiry_members(out, result->expires, result->ttl_s);
    opt_raw(out, "data", result->data);
    connect_subs(out, result->subs, result->sub_count);
    opt_u64(out, "ping", result->ping_s);
    opt_true(out, "pong", result->pong);
    opt_u64(out, "time", result->time_ms);
    end_reply(out);
}

void reply_subscribe(buf *out, uint32_t id, const subscribe_result *result)
{
    begin_reply(out, id, "subscribe");
    subscribe_members(out, result);
    end_reply(out);
}

void reply_presence_stats(buf *out, uint32_t id, uint32_t num_clients, uint32_t num_users)
{
    begin_reply(out, id, "presence_stats");
    member(out, "num_clients");
    buf_append_u64(out, num_clients);
    member(out, "num_users");
    buf_append_u64(out, num_users);
    end_reply(out);
}

void write_presence_entry(buf *out, const client_info *info)
{
    keyed_member(out, info->client);
    write_client_info(out, info);
}

void reply_presence(buf *out, uint32_t id, view presence)
{
    begin_reply(out, id, "presence");
    member(out, "presence");
    buf_append_view(out, presence);
    end_reply(out);
}

static void history_members(buf *out, view publications, stream_position top)
{
    opt_raw(out, "publications", publications);
    member(out, "epoch");
    json_write_string(out, top.epoch);
    member(out, "offset");
    buf_append_u64(out, top.offset);
}

void reply_history(buf *out, uint32_t id, view publications, stream_position top)
{
    begin_reply(out, id, "history");
    history_members(out, publications, top);
    end_reply(out);
}

void write_history(buf *out, view publications, stream_position top)
{
    buf_append_char(out, '{');
    history_members(out, publications, top);
    close_object(out);
}

void reply_refresh(buf *out, uint32_t id, command_kind kind, bool expires, uint32_t ttl_s)
{
    begin_reply(out, id, command_name(kind));
    expiry_members(out, expires, ttl_s);
    end_reply(out);
}

void push_publication(buf *out, view channel, const publication *pub)
{
    begin_push(out, channel, "pub");
    publication_members(out, pub);
    end_push(out);
}

void push_written_publication(buf *out, view channel, view pub)
{
    buf_append_lit(out, "{\"push\":{");
    opt_string(out, "channel", channel);
    member(out, "pub");
    buf_append_view(out, pub);
    buf_append_lit(out, "}}");
}

static void push_info(buf *out, view channel, const char *name, const client_info *info)
{
    begin_push(out, channel, name);
    member(out, "info");
    write_client_info(out, info);
    end_push(out);
}

void push_join(buf *out, view channel, const client_info *info)
{
    push_info(out, channel, "join", info);
}

void push_leave(buf *out, view channel, const client_info *info)
{
    push_info(out, channel, "leave", info);
}

void push_unsubscribe(buf *out, view channel, uint32_t code, view reason)
{
    begin_push(out, channel, "unsubscribe");
    opt_u64(out, "code", code);
    opt_string(out, "reason", reason);
    end_push(out);
}

void push_subscribe(buf *out, view channel, const subscribe_result *result)
{
    begin_push(out, channel, "subscribe");
    opt_true(out, "recoverable", result->recoverable);
    opt_string(out, "epoch", result->epoch);
    opt_u64(out, "offset", result->offset);
    opt_true(out, "positioned", result->positioned);
    opt_raw(out, "data", result->data);
    end_push(out);
}

void push_message(buf *out, view data)
{
    begin_push(out, (view){0}, "message");
    opt_raw(out, "data", data);
    end_push(out);
}

void push_refresh(buf *out, bool expires, uint32_t ttl_s)
{
    begin_push(out, (view){0}, "refresh");
    expiry_members(out, expires, ttl_s);
    end_push(out);
}
