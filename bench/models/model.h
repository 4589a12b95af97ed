/* SPDX-License-Identifier: MIT */
/*
 * A chat server in two halves. net.c has the sockets, the same for every server: loops, each one
 * thread, with the connections that it accepts. A model, one file each, holds the clients and knows
 * how a message finds them:
 *     chat_mutex.c   one map under one lock
 *     chat_actor.c   one map owned by a thread that takes messages
 *     chat_rcu.c     the registry
 *
 * Every function may be called from any thread that has called model_enter().
 */
#ifndef MODELS_MODEL_H
#define MODELS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gracecast/registry.h>

#include "item.h"

/* What a model sees of a connection. net.c creates it, tells the model of it, and frees it once the
 * model has released it. */
typedef struct client {
    union {
        item item;         /* as the maps want it; its id is set */
        gcast_entry entry; /* as the registry wants it */
    } in;                  /* the model's */
    uint64_t id;           /* const */
} client;

/* ---- what a model does ----------------------------------------------------------------------- */

/* How many messages may wait for a client before more are dropped; 0: any number. */
extern const unsigned model_queue_max;

/* Before anything else. False if it cannot. */
bool model_start(void);
/* In each thread of net.c, first of all. */
void model_enter(void);

/* Makes a client findable; then net_registered(), from any thread, now or later. Ends the process
 * if it cannot. */
void model_register(client *c);
/* Makes it unfindable; then, when nothing of the model uses it any more, net_released(). */
void model_unregister(client *c);
/* net_offer() to every client but `from`. */
void model_broadcast(const client *from, const char *text, size_t len);
/* net_offer() to the client with this id, if there is one. */
void model_send(uint64_t id, const char *text, size_t len);

/* ---- what the net does for a model, on any thread -------------------------------------------- */

void net_registered(client *c);
/* Nobody offers the client anything after this. */
void net_released(client *c);
/* Hands a text to the loop that owns the client; copies it. Never waits. */
void net_offer(client *to, const char *text, size_t len);

#endif
