/* SPDX-License-Identifier: MIT */
/*
 * What the server says: every function appends one JSON object (no line feed) to a buffer. Zero
 * values are left out where the protocol leaves them out. Raw JSON must have passed json_valid();
 * its line breaks are removed. Strings may hold any bytes. Views are read during the call only.
 * Pure; out of memory shows in out->failed.
 */
#ifndef PROTOCOL_REPLY_H
#define PROTOCOL_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "codes.h"
#include "command.h"
#include "view.h"

typedef struct client_info {
    view user;
    view client;
    view conn_info; /* raw JSON, may be empty */
    view chan_info; /* raw JSON, may be empty */
} client_info;

typedef struct publication {
    view data;               /* raw JSON */
    view tags;               /* raw JSON object, may be empty */
    const client_info *info; /* NULL: not published by a client */
    uint64_t offset;         /* 0: the channel keeps no history */
    view epoch;              /* sent only where not empty */
    uint64_t version;
} publication;

typedef struct subscribe_result {
    bool expires;
    uint32_t ttl_s;
    bool recoverable;
    bool positioned;
    bool recovered;
    bool was_recovering;
    view epoch;
    uint64_t offset;
    view data;         /* raw JSON */
    view publications; /* raw JSON array of the recovered ones, oldest first; empty: none */
} subscribe_result;

typedef struct connect_sub {
    view channel;
    subscribe_result result;
} connect_sub;

typedef struct connect_result {
    view client;
    view version;
    bool expires;
    uint32_t ttl_s;
    view data; /* raw JSON */
    const connect_sub *subs;
    size_t sub_count;
    uint32_t ping_s; /* 0: the server does not ping */
    bool pong;
    uint64_t time_ms; /* 0: left out */
} connect_result;

/* Here and below: id of the command that is answered; 0 is left out. */
void reply_error(buf *out, uint32_t id, protocol_error code);

/* {"id":2,"unsubscribe":{}}: success with nothing to tell. */
void reply_empty(buf *out, uint32_t id, command_kind kind);

void reply_connect(buf *out, uint32_t id, const connect_result *result);
void reply_subscribe(buf *out, uint32_t id, const subscribe_result *result);
void reply_presence_stats(buf *out, uint32_t id, uint32_t num_clients, uint32_t num_users);

/* {"id":5,"presence":{"presence":{<client>:info,...}}}; presence: the inner object, raw. */
void reply_presence(buf *out, uint32_t id, view presence);

/* publications: a raw JSON array; `top` is the stream's position, not that of the last one. */
void reply_history(buf *out, uint32_t id, view publications, stream_position top);

/* The result alone: {"publications":...} */
void write_history(buf *out, view publications, stream_position top);

/* kind: COMMAND_REFRESH or COMMAND_SUB_REFRESH */
void reply_refresh(buf *out, uint32_t id, command_kind kind, bool expires, uint32_t ttl_s);

void push_publication(buf *out, view channel, const publication *pub);

/* The same, of what write_publication() has written. */
void push_written_publication(buf *out, view channel, view pub);
void push_join(buf *out, view channel, const client_info *info);
void push_leave(buf *out, view channel, const client_info *info);
void push_unsubscribe(buf *out, view channel, uint32_t code, view reason);

/* Of the result only the position and the data: recoverable, epoch, offset, positioned, data. */
void push_subscribe(buf *out, view channel, const subscribe_result *result);

/* To the connection, not to a channel. */
void push_message(buf *out, view data);
void push_refresh(buf *out, bool expires, uint32_t ttl_s);

/* A publication by itself: {"data":...,"offset":...}, as in history and API results. */
void write_publication(buf *out, const publication *pub);
void write_client_info(buf *out, const client_info *info);

/* One member of the object for reply_presence(): <client>:info, after a comma unless it is the first. */
void write_presence_entry(buf *out, const client_info *info);

#endif
