/* SPDX-License-Identifier: MIT */
/* What a client may ask: one line of JSON becomes one struct command. Pure. */
#ifndef PROTOCOL_COMMAND_H
#define PROTOCOL_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "view.h"

/* X(NAME, wire name), in the order in which the first one present is taken. */
#define COMMAND_MAP(X)                  \
    X(CONNECT, "connect")               \
    X(SUBSCRIBE, "subscribe")           \
    X(UNSUBSCRIBE, "unsubscribe")       \
    X(PUBLISH, "publish")               \
    X(PRESENCE, "presence")             \
    X(PRESENCE_STATS, "presence_stats") \
    X(HISTORY, "history")               \
    X(RPC, "rpc")                       \
    X(SEND, "send")                     \
    X(REFRESH, "refresh")               \
    X(SUB_REFRESH, "sub_refresh")

typedef enum command_kind {
    COMMAND_PONG, /* no id and no `send`: the answer to a ping, whatever else is in it */
    COMMAND_NONE, /* an id and no known member */
#define X(name, wire) COMMAND_##name,
    COMMAND_MAP(X)
#undef X
} command_kind;

/* "subscribe" for COMMAND_SUBSCRIBE: the member that a reply carries. */
const char *command_name(command_kind kind);

/* A position in a channel's stream. */
typedef struct stream_position {
    uint64_t offset;
    view epoch;
} stream_position;

typedef struct connect_request {
    view token;
    view data; /* raw JSON */
    view subs; /* raw JSON object: channel -> subscribe request; walk it with json_iter */
    view name;
    view version;
    view headers; /* raw JSON object */
} connect_request;

enum {
    SUBSCRIBE_FLAG_REJECT_UNRECOVERED = 2, /* answer error 112 instead of recovered=false */
};

typedef struct subscribe_request {
    view channel;
    view token;
    stream_position since; /* epoch, offset */
    view data;             /* raw JSON */
    view delta;
    view tf; /* raw JSON: tags filter */
    int64_t flag;
    int64_t type; /* 0 = stream; others are map subscriptions */
    bool recover;
    bool positioned;
    bool recoverable;
    bool join_leave;
} subscribe_request;

typedef struct history_request {
    view channel;
    stream_position since;
    int32_t limit;
    bool has_since;
    bool reverse;
} history_request;

/* All views point into the line or into the scratch buffer given to command_decode(). */
typedef struct command {
    command_kind kind;
    uint32_t id;
    union {
        connect_request connect;
        subscribe_request subscribe;
        struct {
            view channel;
        } unsubscribe, presence, presence_stats;
        struct {
            view channel;
            view data; /* raw JSON; empty if absent or null */
        } publish;
        history_request history;
        struct {
            view method;
            view data;
        } rpc;
        struct {
            view data;
        } send;
        struct {
            view token;
        } refresh;
        struct {
            view channel;
            view token;
        } sub_refresh;
    };
} command;

/*
 * Decodes one line. Unknown members are ignored, null counts as absent, of duplicate members the
 * last counts. Without an id it is a pong, or a send if that member is there, and nothing else.
 *
 *   line     must outlive *out
 *   scratch  takes the strings that had escapes; it is reset first and must stay as it is while
 *            *out is in use
 *
 * returns  false: not a valid JSON object of the right types and ranges (only the body that is
 * taken is looked into), or out of memory (scratch->failed). *out means nothing then.
 */
bool command_decode(view line, command *out, buf *scratch);

/*
 * Decodes the body of one subscribe request: a value of connect_request.subs, hence known to be
 * valid JSON. As above, but scratch is appended to, never reset. command_decode() has made room in
 * it for every string of its line, so with that same scratch nothing moves, and all views stay
 * good, as long as each body is decoded (and each channel name taken by json_string_decode()) only
 * once.
 */
bool subscribe_request_decode(view object, subscribe_request *out, buf *scratch);

/* Cuts a frame into command lines (separated by one line feed, one trailing line feed allowed).
 * *rest starts as the whole frame. false at the end. An empty line is returned as such, and is no
 * valid command; an empty frame has no line at all: the caller refuses it. */
bool command_next_line(view *rest, view *line);

#endif
