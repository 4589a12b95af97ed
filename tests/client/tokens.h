/* SPDX-License-Identifier: MIT */
/* Tokens for the clients of fixture.h, and commands that carry them. */
#ifndef TESTS_CLIENT_TOKENS_H
#define TESTS_CLIENT_TOKENS_H

#include "fixture.h"

#define SECRET   "hush"
#define WITH_KEY "--client.token.hmac_secret_key=hush"

/* The wall clock, in seconds. */
int64_t wall_s(void);

/* A command whose format has one %s, for a token with claims that are made by the rest, as printf()
 * does; good until some calls later. */
const char *with_token(const char *format, const char *secret, const char *claims, ...)
    __attribute__((format(printf, 3, 4)));

#define CONNECT(...) with_token("{\"id\":1,\"connect\":{\"token\":\"%s\"}}", SECRET, __VA_ARGS__)

/* A client that has connected with a token of these claims; what it was answered is not forgotten. */
client *come_with(const char *claims);

/* What c was told since the last call, with its id and our version replaced by ID and VERSION. */
const char *told(client *c);

#endif
