/* SPDX-License-Identifier: MIT */
/* The commands presence and presence_stats. In a large channel they take more than one turn. */
#include <stdlib.h>

#include "client_internal.h"

/* A roll call that is under way for a client. */
typedef struct roll_wait {
    client_wait wait;
    client *client;
    hub_roll *roll;
    command_kind kind;
    uint32_t id; /* of the command */
} roll_wait;

static void answer(client *c, const roll_wait *w)
{
    hub_channel_stats stats = hub_roll_stats(w->roll);

    if (hub_roll_failed(w->roll))
        client_error(c, w->id, PROTOCOL_INTERNAL);
    else if (w->kind == COMMAND_PRESENCE)
        reply_presence(client_next_reply(c), w->id, hub_roll_names(w->roll));
    else
        reply_presence_stats(client_next_reply(c), w->id, stats.clients, stats.users);
}

static void roll_wait_free(client_wait *wait)
{
    roll_wait *w = container_of(wait, roll_wait, wait);

    hub_roll_free(w->roll);
    free(w);
}

static void on_complete(void *arg)
{
    roll_wait *w = arg;
    client *c = w->client;

    if (c->conn.closing)
        return; /* client_close() follows */
    answer(c, w);
    wait_end(c, &w->wait);
    roll_wait_free(&w->wait);
}

static void begin(client *c, const command *cmd, uint64_t now_ms)
{
    roll_wait *w = calloc(1, sizeof *w);
    view channel = cmd->presence.channel; /* the same member as presence_stats.channel */

    if (w != NULL)
        w->roll = hub_roll_new(c->desk->hub, channel, cmd->kind == COMMAND_PRESENCE);
    if (w == NULL || w->roll == NULL) {
        free(w);
        client_error(c, cmd->id, PROTOCOL_INTERNAL);
        return;
    }
    w->wait.cancel = roll_wait_free;
    w->client = c;
    w->kind = cmd->kind;
    w->id = cmd->id;
    if (!hub_roll_call(w->roll, on_complete, w)) {
        wait_begin(c, &w->wait, now_ms);
        return;
    }
    answer(c, w);
    roll_wait_free(&w->wait);
}

void do_presence(client *c, const command *cmd, uint64_t now_ms)
{
    protocol_error err;

    if (cmd->presence.channel.len == 0) {
        client_disconnect(c, DISCONNECT_BAD_REQUEST);
        return;
    }
    err = may_see_presence(c, cmd->presence.channel);
    if (err != PROTOCOL_OK)
        client_error(c, cmd->id, err);
    else
        begin(c, cmd, now_ms);
}
