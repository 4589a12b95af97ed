/* SPDX-License-Identifier: MIT */
/* What the files about tokens share. */
#ifndef AUTH_TOKEN_INTERNAL_H
#define AUTH_TOKEN_INTERNAL_H

#include <openssl/evp.h>

#include "auth_token.h"

/* ---- token_key.c: keys and signatures ---- */

typedef enum key_family {
    KEY_HMAC,
    KEY_RSA,
    KEY_ECDSA,
} key_family;

/* One of the nine algorithms (RFC 7518 section 3.1). */
typedef struct token_algorithm {
    const char *name;
    key_family family;
    const EVP_MD *(*digest)(void);
    const char *curve;      /* of ECDSA: what OpenSSL calls it */
    size_t signature_bytes; /* of ECDSA */
} token_algorithm;

/* By the name in a header; NULL: not one of them. */
const token_algorithm *token_algorithm_find(view name);

/* A public key of this family from PEM. NULL: *error says why. */
EVP_PKEY *token_key_read(key_family family, view pem, const char **error);

/* true: it may verify tokens of this algorithm. */
bool token_key_fits(const EVP_PKEY *key, const token_algorithm *algorithm);

/* Writes at most EVP_MAX_MD_SIZE bytes and returns how many; 0: there is no key, or out of memory. */
size_t token_hmac(const token_algorithm *algorithm, view key, view bytes, char *signature);

/* Whether `signature` is that of `bytes`. Out of memory counts as no. */
bool token_hmac_good(const token_algorithm *algorithm, view key, view bytes, view signature);
bool token_public_good(const token_algorithm *algorithm, EVP_PKEY *key, view bytes, view signature);

/* ---- claims.c ---- */

/*
 * Reads the claims from a valid JSON value that out->text holds. The strings in it are appended there,
 * without escapes and, those in base64, once more decoded: that is less than twice as many bytes
 * again, for which there must be room, so that nothing moves.
 */
auth_verdict claims_read(const auth_token_rules *rules, auth_purpose purpose, view object,
                         int64_t now_s, auth_claims *out);

#endif
