/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef CLIENT_CLIENT_INTERNAL_H
#define CLIENT_CLIENT_INTERNAL_H

#include "auth_token.h"
#include "client.h"
#include "command.h"
#include "hub_history.h"
#include "rules.h"

/* The connection is closed with this code and its text; nothing more is answered. */
void client_disconnect(client *c, disconnect_code code);

/* The buffer for one more reply: the replies to one message are lines. */
buf *client_next_reply(client *c);

/* c is held: sends what it is answered, and then what has waited. */
void client_unhold(client *c);

/* Appends an error reply. */
void client_error(client *c, uint32_t id, protocol_error code);

/* Frees the user's name from the handshake: the hub has it from now on. */
void client_forget_user(client *c);

/* Handles the lines of one message, as far as none of them waits, and sends the replies as one.
 * Returns the lines that are left because c waits; empty if it does not. */
view client_lines(client *c, view lines, uint64_t now_ms);

/* ---- wait.c ---- */

/* What a command that is answered later has: its first member. Zeroed but for `cancel`. */
struct client_wait {
    void (*cancel)(client_wait *w); /* frees it: the client goes */
    buf messages;                   /* what the client sent meanwhile, */
    size_t taken;                   /* behind so many bytes that have been handled */
    uint64_t now_ms;                /* when the wait began */
};

/* c's further messages wait. At most one at a time; w is c's until wait_end(). */
void wait_begin(client *c, client_wait *w, uint64_t now_ms);

/* c waits: keeps a message for later. */
void wait_keep(client *c, view message);

/* Takes w away from c, which is not closing, and goes on: what has been put into the replies is sent,
 * and what waited is handled; c may wait for something else when this returns. */
void wait_end(client *c, client_wait *w);

/* Ends the wait, if there is one, without an answer. */
void wait_cancel(client *c);

/* ---- commands.c ---- */

void client_command(client *c, const command *cmd, uint64_t now_ms);

/* ---- presence.c ---- */

/* Also presence_stats. */
void do_presence(client *c, const command *cmd, uint64_t now_ms);

/* ---- connect.c ---- */

void do_connect(client *c, const command *cmd, uint64_t now_ms);

/* ---- refresh.c ---- */

/* The claims of a token for a subscription to `channel`, for the caller to auth_claims_fini().
 * AUTH_INVALID with a grant in them: it is a good token, but for another channel or client. */
auth_verdict judge_sub_token(const client *c, view channel, view token, auth_claims *claims);

void do_refresh(client *c, const command *cmd, uint64_t now_ms);
void do_sub_refresh(client *c, const command *cmd, uint64_t now_ms);

/* ---- expiry.c ---- */

/* How long something lasts, as clients are told. */
typedef struct term {
    bool expires;
    uint32_t ttl_s; /* 0 if it does not expire */
} term;

/* From now to a time of the wall clock, 0 for no end. false: that is over. */
bool term_until(int64_t expire_at_s, term *out);

/* When it ends by the monotonic clock, in seconds; 0: never. */
uint64_t term_end_s(const term *t, uint64_t now_ms);

/* The connection ends when its term and the grace for a refresh are over. c has connected. false: out
 * of memory. */
bool expiry_set_connection(client *c, const term *t, uint64_t now_ms);

/* A subscription ends at this time, see term_end_s(), and some grace for a refresh later. false: out
 * of memory. */
bool expiry_expect_sub(client *c, uint64_t expires_at_s);

/* When expiry_run() must be called; UINT64_MAX: never. */
uint64_t expiry_due_ms(const client *c);

/* Ends what has expired; perhaps c itself. */
void expiry_run(client *c, uint64_t now_ms);

void expiry_forget(client *c);

/* ---- history.c ---- */

void do_history(client *c, const command *cmd, uint64_t now_ms);

/* ---- position.c ---- */

/* What a subscription is to know of its position, and to recover. Zeroed: a plain one. */
typedef struct position_wish {
    bool positioned;  /* is checked */
    bool recoverable; /* may come back and recover; never without positioned */
    bool recover;     /* comes back */
    bool latest;      /* only the last publication counts */
    bool reject;      /* does not want to be subscribed if it cannot recover */
} position_wish;

/* What the options of the channel and the request make of it. */
position_wish position_wish_of(const client *c, const channel_options *o,
                               const subscribe_request *rq);

/* Fills in what the request and the configuration say. */
void position_join_init(hub_join *j, const client *c, const channel_options *o,
                        const subscribe_request *rq, const position_wish *wish);

/* The members of a subscribe result that tell of the position; its views are good as long as r and j.
 * To be read in j->joined(). */
void position_result(subscribe_result *out, const hub_join *j, const hub_joined *r,
                     const position_wish *wish);

/* Subscribes at a position and answers the command, which waits meanwhile: with `result`, to which the
 * position is added. */
void subscribe_positioned(client *c, const command *cmd, const hub_sub_opts *opts,
                          const position_wish *wish, const subscribe_result *result,
                          uint64_t now_ms);

/* ---- heartbeat.c ---- */

/* What c waits for has changed: sets its deadline. */
void heartbeat_reschedule(client *c);

/* The client has connected: the first ping comes after a random part of the interval. */
void heartbeat_start(client *c, uint64_t now_ms);

/* The client has answered a ping; false: there was none to answer. */
bool heartbeat_pong(client *c);

/* ---- permissions.c ---- */

/* How the publications of a channel go out; after may_subscribe(). */
hub_delivery delivery_of(const client *c, view channel);

/* The options of a channel for one subscription; after may_subscribe() or channel_check(). */
channel_options overridden_options(const client *c, view channel, const channel_override *by);

/* HUB_SUB_TELLS, HUB_SUB_IS_TOLD and HUB_SUB_IS_HIDDEN as these options, `by` (already in them) and the
 * client's wish to be told make them. */
uint32_t sub_flags(const client *c, const channel_options *o, const channel_override *by,
                   bool wanted);

/* PROTOCOL_OK and the options of a channel, or what is wrong with its name. */
protocol_error channel_check(const client *c, view channel, const channel_options **options);

/* Whether the client may do this in a channel with these options: PROTOCOL_OK, or the error. A token for
 * a subscription is not looked at, but with one nothing else counts. */
protocol_error may_subscribe(const client *c, view channel, const subscribe_request *rq);
protocol_error may_publish(const client *c, view channel);
protocol_error may_see_presence(const client *c, view channel);
protocol_error may_see_history(const client *c, view channel);

/* Whether a subscriber of a channel with these options may ask for its history. */
bool subscriber_sees_history(const client *c, const channel_options *o);

#endif
