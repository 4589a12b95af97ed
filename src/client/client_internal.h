/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef CLIENT_CLIENT_INTERNAL_H
#define CLIENT_CLIENT_INTERNAL_H

#include "client.h"
#include "command.h"

/* The connection is closed with this code and its text; nothing more is answered. */
void client_disconnect(client *c, disconnect_code code);

/* The buffer for one more reply: the replies to one message are lines. */
buf *client_next_reply(client *c);

/* Appends an error reply. */
void client_error(client *c, uint32_t id, protocol_error code);

/* ---- commands.c ---- */

void client_command(client *c, const command *cmd, uint64_t now_ms);

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

/* Whether the client may do this in a channel with these options: PROTOCOL_OK, or the error. */
protocol_error may_subscribe(const client *c, view channel, const subscribe_request *rq);
protocol_error may_publish(const client *c, view channel);
protocol_error may_see_presence(const client *c, view channel);

#endif
