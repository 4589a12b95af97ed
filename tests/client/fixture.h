/* SPDX-License-Identifier: MIT */
/* The clients of one worker, over a hub without sockets, with a configuration made of flags. */
#ifndef TESTS_CLIENT_FIXTURE_H
#define TESTS_CLIENT_FIXTURE_H

#include <criterion/criterion.h>

#include "client.h"
#include "fake_hub.h"

enum { OPENED_MS = 5000000, MAX_CLIENTS = 1500 };

extern uint64_t now_ms; /* what time the clients are told; a test moves it on */

/* Before all else, with these flags, ended by NULL. */
void desk_open(const char *const *flags);

/* Flags literal by literal: OPEN("--client.insecure") */
#define OPEN(...) desk_open((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* Ends all clients, and checks that nothing is left of them; the fini of every suite. */
void desk_close(void);

/* A client after its handshake, which named this user; NULL for none. */
client *come(const char *user);

/* The same, and it has connected; what it was answered is forgotten. */
client *come_connected(const char *user);

/* It sends this message. */
void say(client *c, const char *message);

/* The same on the worker's thread, and only the worker's next turns show what comes of it. */
void say_at_work(client *c, const char *message);

/* All turns that there is work for. */
void work(void);

/* Its time has come, perhaps. */
void tick(client *c);

/* The messages it was sent since the last call, joined by '|'; good until the next call. */
const char *heard(client *c);

/* Fails the test unless it is answered exactly this. */
void must_answer(client *c, const char *message, const char *answer);

/* Fails the test unless it is answered with this error, and stays. `message` has the id 1. */
void must_refuse(client *c, const char *message, uint32_t error);

/* Fails the test unless it was disconnected, once, with this code; 0: not at all. */
void must_be_closed(client *c, uint32_t code);

/* Fails the test unless a new client, connected or not, is closed with this code and nothing else
 * when it says so. */
void must_close(bool connected, const char *message, uint32_t code);

#endif
