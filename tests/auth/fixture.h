/* SPDX-License-Identifier: MIT */
/* Tokens to judge, and one verifier to judge them. */
#ifndef TESTS_AUTH_FIXTURE_H
#define TESTS_AUTH_FIXTURE_H

#include <criterion/criterion.h>

#include "auth_token.h"

enum { NOW_S = 1700000000 };

#define SECRET "a secret of a size that will do"

/* What the last of the functions below was told; freed by finish(). */
extern auth_claims claims;
extern auth_verifier *verifier;

/* The verifier of the tests from now on; fails the test if there is none. */
void use(const auth_token_rules *rules);

/* The verifier with SECRET. */
void use_secret(void);

/* Frees all of that; the fini of every suite. */
void finish(void);

/* A token of the verifier with SECRET, with these claims, byte for byte; good until the next call. */
view token_of(const char *json);

auth_verdict judge(auth_purpose purpose, view token);

/* The verdict on a token of SECRET with these claims. */
auth_verdict judge_connection(const char *json);
auth_verdict judge_subscription(const char *json);

/* Fails the test unless `got` is `expected`. */
void must_be(view got, const char *expected);

#endif
