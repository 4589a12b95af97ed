/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef CLIENT_CLIENT_INTERNAL_H
#define CLIENT_CLIENT_INTERNAL_H

#include "client.h"
#include "command.h"
#include "hub_history.h"
#include "rules.h"

/* The connection is closed with this code and its text; nothing more is answered. */
void client_disconnect(client *c, disconnect_code code);

/* The buffer for one more reply: the replies to one message are lines. */
buf *client_next_reply(client *c);

/* Appends an error reply. */
void client_error(client *c, uint32_t id, protocol_error code);

/* Handles the lines of one message, as far as none of them waits, and sends the replies as one. */
void client_lines(client *c, view lines, uint64_t now_ms);

/* ---- wait.c ---- */

/* What a command that is answered later has: its first member. Zeroed but for `cancel`. */
struct client_wait {
    void (*cancel)(client_wait *w); /* frees it: the client goes */
    buf messages;                   /* what the client sent meanwhile */
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

/* Subscribes at a position and answers the command, which waits meanwhile. */
void subscribe_positioned(client *c, const command *cmd, const hub_sub_opts *opts,
                          const position_wish *wish, uint64_t now_ms);

/* ---- heartbeat.c ---- */

/* The client has connected: the first ping comes after a random part of the interval. */
void heartbeat_start(client *c, uint64_t now_ms);

/* The client has answered a ping; false: there was none to answer. */
bool heartbeat_pong(client *c);

/* ---- permissions.c ---- */

/* How the publications of a channel go out; after may_subscribe(). */
hub_delivery delivery_of(const client *c, view channel);

/* In what interval the client gets only the newest, by the namespace's rate or the lower one that it
 * asks for with `data`, raw JSON; 0: it gets all. After may_subscribe(). */
protocol_error pace_of(const client *c, view channel, view data, uint32_t *interval_ms);

/* HUB_SUB_TELLS and HUB_SUB_IS_TOLD as the namespace and the client's wish make them; after
 * may_subscribe(). */
uint32_t join_leave_flags(const client *c, const subscribe_request *rq);

/* Whether the client may do this in a channel with these options: PROTOCOL_OK, or the error. */
protocol_error may_subscribe(const client *c, view channel, const subscribe_request *rq);
protocol_error may_publish(const client *c, view channel);
protocol_error may_see_presence(const client *c, view channel);
protocol_error may_see_history(const client *c, view channel);

/* Whether a subscriber of a channel with these options may ask for its history. */
bool subscriber_sees_history(const client *c, const channel_options *o);

#endif
