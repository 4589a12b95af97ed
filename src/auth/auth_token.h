/* SPDX-License-Identifier: MIT */
/*
 * Tokens: JSON Web Tokens (RFC 7519) signed with HMAC, RSA or ECDSA (RFC 7518 sections 3.2 to 3.4),
 * and the claims that Centrifugo's clients put into them. Pure: time is an argument.
 *
 * What a token may be signed with is decided by the keys that are configured: its header only picks
 * the size of the hash. A key of one family never verifies a token of another, and a token without
 * signature is none.
 */
#ifndef AUTH_AUTH_TOKEN_H
#define AUTH_AUTH_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "override.h"
#include "view.h"

/* Longer tokens are refused unread. */
enum { AUTH_TOKEN_MAX_BYTES = 65536 };

/* What a verifier is made of; each may be empty. */
typedef struct auth_token_rules {
    view hmac_secret_key;
    view hmac_previous_secret_key;                 /* good as well, as long as the next line says */
    uint32_t hmac_previous_secret_key_valid_until; /* seconds since 1970; 0: for good */
    view rsa_public_key;                           /* PEM: a public key or a certificate */
    view ecdsa_public_key;                         /* the same, on P-256, P-384 or P-521 */
    view audience;                                 /* must be among those of the token */
    view issuer;                                   /* must be the token's */
    view user_id_claim;                            /* where the user id is; empty: "sub" */
    bool skip_signature;                           /* believe any; for development */
} auth_token_rules;

typedef struct auth_verifier auth_verifier;

/* Copies what it needs. NULL: a key is no good, and *error is a static text that begins with the
 * option's last name, or memory ran out. */
auth_verifier *auth_verifier_new(const auth_token_rules *rules, const char **error);

/* auth_verifier_free(NULL) is harmless. */
void auth_verifier_free(auth_verifier *v);

typedef enum auth_purpose {
    AUTH_CONNECTION,
    AUTH_SUBSCRIPTION,
} auth_purpose;

typedef enum auth_verdict {
    AUTH_VALID,
    AUTH_EXPIRED, /* or not yet valid; everything else about it is right */
    AUTH_INVALID,
    AUTH_OUT_OF_MEMORY,
} auth_verdict;

/* One channel that a token opens. */
typedef struct auth_grant {
    view channel;
    view info; /* raw JSON, valid; may be empty */
    view data; /* raw JSON, valid; may be empty */
    channel_override override;
} auth_grant;

/* What a token claims. The views point into `text`. */
typedef struct auth_claims {
    view payload;        /* all of them, as they were signed: a JSON object */
    view user;           /* empty: anonymous */
    view client;         /* the only connection it is for; empty: any */
    view info;           /* raw JSON, valid; may be empty; of the connection */
    view meta;           /* raw JSON, valid; may be empty */
    int64_t expire_at_s; /* when what it grants ends, in seconds since 1970; 0: never */
    auth_grant *grants;  /* of a connection: its server-side subscriptions; of a subscription: it */
    size_t grant_count;
    const char *fault; /* static: why it is not valid; NULL when it is */
    buf text;
} auth_claims;

/*
 * Judges a token. Any thread, several at a time on one verifier.
 *
 *   v    NULL: nothing is valid
 *   out  always set, the caller's to auth_claims_fini(); of a token that is not valid only `fault`
 *        means something
 *
 * Cost: one signature, and time linear in the token. Nothing of a token is read before its signature
 * was verified, but for its header.
 */
auth_verdict auth_verify(const auth_verifier *v, auth_purpose purpose, view token, int64_t now_s,
                         auth_claims *out);

/* Harmless for a zeroed one. */
void auth_claims_fini(auth_claims *claims);

/* Appends a token with these claims (a JSON object), signed with HMAC and SHA-256. Out of memory shows
 * in out->failed. */
void auth_sign(view hmac_secret_key, view claims, buf *out);

#endif
