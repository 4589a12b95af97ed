/* SPDX-License-Identifier: MIT */
#include "fixture.h"

auth_claims claims;
auth_verifier *verifier;

static buf token;

void use(const auth_token_rules *rules)
{
    const char *error = "";

    auth_verifier_free(verifier);
    verifier = auth_verifier_new(rules, &error);
    cr_assert_not_null(verifier, "%s", error);
}

void use_secret(void)
{
    use(&(auth_token_rules){.hmac_secret_key = VIEW_LIT(SECRET)});
}

void finish(void)
{
    auth_verifier_free(verifier);
    verifier = NULL;
    auth_claims_fini(&claims);
    buf_fini(&token);
}

view token_of(const char *json)
{
    buf_reset(&token);
    auth_sign(VIEW_LIT(SECRET), view_of(json), &token);
    cr_assert_not(token.failed);
    return buf_view(&token);
}

auth_verdict judge(auth_purpose purpose, view text)
{
    auth_claims_fini(&claims);

    auth_verdict verdict = auth_verify(verifier, purpose, text, NOW_S, &claims);

    cr_assert_eq(claims.fault == NULL, verdict == AUTH_VALID);
    return verdict;
}

auth_verdict judge_connection(const char *json)
{
    return judge(AUTH_CONNECTION, token_of(json));
}

auth_verdict judge_subscription(const char *json)
{
    return judge(AUTH_SUBSCRIPTION, token_of(json));
}

void must_be(view got, const char *expected)
{
    cr_expect(view_eq(got, view_of(expected)), "%.*s instead of %s", (int)got.len,
              got.len == 0 ? "" : got.ptr, expected);
}
