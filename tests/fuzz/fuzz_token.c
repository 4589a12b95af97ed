/* SPDX-License-Identifier: MIT */
/*
 * Promises about tokens. The input is taken as a token whose signature nobody looks at, as the claims
 * of a token with a good signature, and as a token as it came, which then must not be valid.
 */
#include <string.h>

#include "auth_token.h"
#include "fuzz.h"
#include "json.h"

enum { NOW_S = 1700000000 };

static auth_verifier *new_verifier(bool skip_signature)
{
    auth_token_rules rules = {.hmac_secret_key = VIEW_LIT("secret"),
                              .skip_signature = skip_signature};
    const char *error;
    auth_verifier *v = auth_verifier_new(&rules, &error);

    require(v != NULL, "a verifier");
    return v;
}

static void check_payload(view payload)
{
    require(payload.len == 0 || json_valid(payload), "payloads are JSON");
}

static void check_claims(const auth_claims *claims, auth_purpose purpose)
{
    check_payload(claims->info);
    check_payload(claims->meta);
    require(claims->expire_at_s >= 0, "an end is a time or 0");
    require(purpose == AUTH_CONNECTION || claims->grant_count == 1, "a subscription is one");
    for (size_t i = 0; i < claims->grant_count; i++) {
        check_payload(claims->grants[i].info);
        check_payload(claims->grants[i].data);
    }
}

static auth_verdict judge(const auth_verifier *v, auth_purpose purpose, view token)
{
    auth_claims claims;
    auth_verdict verdict = auth_verify(v, purpose, token, NOW_S, &claims);

    require(verdict != AUTH_OUT_OF_MEMORY, "there is memory");
    require((claims.fault == NULL) == (verdict == AUTH_VALID), "what is not valid has a fault");
    if (verdict == AUTH_VALID)
        check_claims(&claims, purpose);
    auth_claims_fini(&claims);
    return verdict;
}

/* Claims are an object, or refused. */
static void check_signed(const auth_verifier *v, view json)
{
    buf token = {0};

    auth_sign(VIEW_LIT("secret"), json, &token);
    require(!token.failed, "a token");

    auth_verdict connection = judge(v, AUTH_CONNECTION, buf_view(&token));
    auth_verdict subscription = judge(v, AUTH_SUBSCRIPTION, buf_view(&token));

    require(connection != AUTH_VALID || subscription != AUTH_VALID, "a token has one purpose");
    require(json_valid(json) || connection == AUTH_INVALID, "only JSON is believed");
    buf_fini(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static auth_verifier *strict;
    static auth_verifier *lax;
    view input = {.ptr = (const char *)data, .len = size};

    if (strict == NULL) {
        strict = new_verifier(false);
        lax = new_verifier(true);
    }
    (void)judge(lax, AUTH_CONNECTION, input);
    (void)judge(lax, AUTH_SUBSCRIPTION, input);
    require(judge(strict, AUTH_CONNECTION, input) == AUTH_INVALID, "nobody guesses a signature");
    check_signed(strict, input);
    return 0;
}
