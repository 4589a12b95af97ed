/* SPDX-License-Identifier: MIT */
/* The keys of a configuration, read. */
#ifndef CLIENT_CLIENT_TOKENS_H
#define CLIENT_CLIENT_TOKENS_H

#include "auth_token.h"
#include "config.h"

typedef struct client_tokens {
    auth_verifier *connection;
    auth_verifier *subscription; /* NULL: the same */
} client_tokens;

/* false: a key is no good, or out of memory; `error` takes one line that names the option. */
bool client_tokens_init(client_tokens *t, const config *cfg, buf *error);

/* Harmless for a zeroed one. */
void client_tokens_fini(client_tokens *t);

/* The one for subscription tokens. */
static inline const auth_verifier *client_tokens_subscription(const client_tokens *t)
{
    return t->subscription != NULL ? t->subscription : t->connection;
}

#endif
