/* SPDX-License-Identifier: MIT */
/* Signatures: what libjwt signs is verified, and nothing else is. */
#include <jwt.h>
#include <stdlib.h>

#include "base64.h"
#include "failing_alloc.h"
#include "fixture.h"
#include "keys.h"

TestSuite(auth_token, .init = use_secret, .fini = finish);

static const auth_token_rules all_keys = {
    .hmac_secret_key = {SECRET, sizeof SECRET - 1},
    .rsa_public_key = {rsa_public, sizeof rsa_public - 1},
    .ecdsa_public_key = {p256_public, sizeof p256_public - 1},
};

/* A token for ann, made by libjwt, unsigned without a key; the caller frees it. */
static char *foreign_token(jwt_alg_t algorithm, const char *key)
{
    jwt_t *jwt = NULL;
    char *token;

    cr_assert_eq(jwt_new(&jwt), 0);
    cr_assert_eq(jwt_add_grant(jwt, "sub", "ann"), 0);
    if (key != NULL)
        cr_assert_eq(jwt_set_alg(jwt, algorithm, (const unsigned char *)key, (int)strlen(key)), 0);
    token = jwt_encode_str(jwt);
    jwt_free(jwt);
    cr_assert_not_null(token);
    return token;
}

static auth_verdict judge_foreign(jwt_alg_t algorithm, const char *key)
{
    char *token = foreign_token(algorithm, key);
    auth_verdict verdict = judge(AUTH_CONNECTION, view_of(token));

    free(token);
    return verdict;
}

static const char *const elliptic[][2] = {
    {p256_private, p256_public},
    {p384_private, p384_public},
    {p521_private, p521_public},
};

Test(auth_token, signed_by_another_library_is_verified)
{
    static const jwt_alg_t hmac[] = {JWT_ALG_HS256, JWT_ALG_HS384, JWT_ALG_HS512};
    static const jwt_alg_t rsa[] = {JWT_ALG_RS256, JWT_ALG_RS384, JWT_ALG_RS512};
    static const jwt_alg_t ecdsa[] = {JWT_ALG_ES256, JWT_ALG_ES384, JWT_ALG_ES512};

    for (size_t i = 0; i < 3; i++) {
        auth_token_rules rules = all_keys;

        rules.ecdsa_public_key = view_of(elliptic[i][1]);
        use(&rules);
        cr_expect_eq(judge_foreign(hmac[i], SECRET), AUTH_VALID);
        cr_expect_eq(judge_foreign(rsa[i], rsa_private), AUTH_VALID);
        cr_expect_eq(judge_foreign(ecdsa[i], elliptic[i][0]), AUTH_VALID);
        must_be(claims.user, "ann");
    }
}

Test(auth_token, of_ours_is_verified_by_another_library)
{
    jwt_t *jwt = NULL;
    char *text = strndup(token_of("{\"sub\":\"ann\"}").ptr, token_of("{\"sub\":\"ann\"}").len);

    cr_assert_eq(jwt_decode(&jwt, text, (const unsigned char *)SECRET, sizeof SECRET - 1), 0);
    cr_expect_eq(jwt_get_alg(jwt), JWT_ALG_HS256);
    cr_expect_str_eq(jwt_get_grant(jwt, "sub"), "ann");
    jwt_free(jwt);
    free(text);
}

/* RFC 7515 appendix A.1 */
Test(auth_token, of_the_standard_is_verified)
{
    static const char token[] =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ij"
        "p0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    buf key = {0};
    auth_claims out;

    cr_assert(base64url_decode(
        VIEW_LIT("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1"
                 "Z9CAow"),
        &key));
    use(&(auth_token_rules){.hmac_secret_key = buf_view(&key)});
    cr_expect_eq(auth_verify(verifier, AUTH_CONNECTION, view_of(token), 1300819379, &out),
                 AUTH_VALID);
    cr_expect_eq(out.expire_at_s, 1300819380);
    auth_claims_fini(&out);
    cr_expect_eq(auth_verify(verifier, AUTH_CONNECTION, view_of(token), 1300819380, &out),
                 AUTH_EXPIRED);
    auth_claims_fini(&out);
    buf_fini(&key);
}

Test(auth_token, needs_a_key_of_its_family)
{
    auth_token_rules rules = {.rsa_public_key = view_of(rsa_public)};

    use(&rules);
    cr_expect_eq(judge_foreign(JWT_ALG_HS256, SECRET), AUTH_INVALID);
    cr_expect_eq(judge_foreign(JWT_ALG_ES256, p256_private), AUTH_INVALID);
    use_secret();
    cr_expect_eq(judge_foreign(JWT_ALG_RS256, rsa_private), AUTH_INVALID);
    cr_expect_eq(judge_foreign(JWT_ALG_HS256, "another secret"), AUTH_INVALID);
    use(&(auth_token_rules){0});
    cr_expect_eq(judge_foreign(JWT_ALG_HS256, SECRET), AUTH_INVALID);
    auth_verifier_free(verifier);
    verifier = NULL;
    cr_expect_eq(judge_foreign(JWT_ALG_HS256, SECRET), AUTH_INVALID);
}

/* The public key is no secret: who has it must not be able to sign with it. */
Test(auth_token, signed_with_a_public_key_as_secret_is_refused)
{
    use(&all_keys);
    cr_expect_eq(judge_foreign(JWT_ALG_HS256, rsa_public), AUTH_INVALID);
    cr_expect_eq(judge_foreign(JWT_ALG_HS256, p256_public), AUTH_INVALID);
    use(&(auth_token_rules){.rsa_public_key = view_of(rsa_public)});
    cr_expect_eq(judge_foreign(JWT_ALG_HS256, rsa_public), AUTH_INVALID);
}

Test(auth_token, has_the_curve_of_its_algorithm)
{
    static const jwt_alg_t ecdsa[] = {JWT_ALG_ES256, JWT_ALG_ES384, JWT_ALG_ES512};

    for (size_t key = 0; key < 3; key++) {
        use(&(auth_token_rules){.ecdsa_public_key = view_of(elliptic[key][1])});
        for (size_t i = 0; i < 3; i++)
            cr_expect_eq(judge_foreign(ecdsa[i], elliptic[key][0]) == AUTH_VALID, i == key,
                         "%zu %zu", key, i);
    }
}

/* A token with this header, signed with SECRET and SHA-256 whatever the header says. */
static auth_verdict judge_header(const char *header)
{
    buf token = {0};
    view ours = token_of("{\"sub\":\"ann\"}");
    const char *dot = memchr(ours.ptr, '.', ours.len);

    base64url_encode(view_of(header), &token);
    buf_append_view(&token, view_skip(ours, (size_t)(dot - ours.ptr)));

    auth_verdict verdict = judge(AUTH_CONNECTION, buf_view(&token));

    buf_fini(&token);
    return verdict;
}

Test(auth_token, without_a_signature_is_refused)
{
    char *unsigned_token = foreign_token(JWT_ALG_NONE, NULL);

    cr_expect_eq(judge(AUTH_CONNECTION, view_of(unsigned_token)), AUTH_INVALID);
    free(unsigned_token);
    cr_expect_eq(judge_header("{\"alg\":\"none\"}"), AUTH_INVALID);
    cr_expect_eq(judge_header("{\"alg\":\"None\"}"), AUTH_INVALID);
    cr_expect_eq(judge_header("{\"alg\":\"\"}"), AUTH_INVALID);
    cr_expect_eq(judge_header("{\"alg\":null}"), AUTH_INVALID);
    cr_expect_eq(judge_header("{\"alg\":256}"), AUTH_INVALID);
    cr_expect_eq(judge_header("{\"alg\":\"hs256\"}"), AUTH_INVALID);
    cr_expect_eq(judge_header("{}"), AUTH_INVALID);
    cr_expect_eq(judge_header("[]"), AUTH_INVALID);
    cr_expect_eq(judge_header(""), AUTH_INVALID);
    cr_expect_eq(judge_header("{\"alg\":\"HS256\",\"crit\":[\"x\"]}"), AUTH_INVALID);
}

Test(auth_token, changed_anywhere_is_refused)
{
    view good = token_of("{\"sub\":\"ann\",\"exp\":1800000000}");
    char *token = strndup(good.ptr, good.len);

    cr_assert_eq(judge(AUTH_CONNECTION, view_of(token)), AUTH_VALID);
    for (size_t i = 0; i < good.len; i++) {
        char was = token[i];

        token[i] = was == 'A' ? 'B' : 'A';
        cr_expect_eq(judge(AUTH_CONNECTION, view_of(token)), AUTH_INVALID, "byte %zu", i);
        token[i] = '.';
        cr_expect(was == '.' || judge(AUTH_CONNECTION, view_of(token)) == AUTH_INVALID, "dot %zu",
                  i);
        token[i] = was;
    }
    free(token);
}

Test(auth_token, cut_or_continued_is_refused)
{
    view good = token_of("{\"sub\":\"ann\"}");
    char *token = malloc(good.len + 1);

    memcpy(token, good.ptr, good.len);
    for (size_t len = 0; len < good.len; len++) {
        char *part = malloc(len == 0 ? 1 : len); /* so that reading on is noticed */

        memcpy(part, token, len);
        cr_expect_eq(judge(AUTH_CONNECTION, (view){part, len}), AUTH_INVALID, "%zu bytes", len);
        free(part);
    }
    for (const char *more = "A.= \n"; *more != '\0'; more++) {
        token[good.len] = *more;
        cr_expect_eq(judge(AUTH_CONNECTION, (view){token, good.len + 1}), AUTH_INVALID);
    }
    cr_expect_eq(judge(AUTH_CONNECTION, (view){token, good.len}), AUTH_VALID);
    free(token);
}

Test(auth_token, of_rubbish_is_refused)
{
    static const char *const rubbish[] = {
        "", ".", "..", "...", "a.b.c", "a.b.", ".b.c", "eyJhbGciOiJIUzI1NiJ9..", "not a token",
    };
    char *huge = malloc(AUTH_TOKEN_MAX_BYTES + 1);

    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++)
        cr_expect_eq(judge(AUTH_CONNECTION, view_of(rubbish[i])), AUTH_INVALID, "%s", rubbish[i]);
    memset(huge, 'A', AUTH_TOKEN_MAX_BYTES + 1);
    cr_expect_eq(judge(AUTH_CONNECTION, (view){huge, AUTH_TOKEN_MAX_BYTES + 1}), AUTH_INVALID);
    cr_expect_eq(judge(AUTH_CONNECTION, (view){huge, AUTH_TOKEN_MAX_BYTES}), AUTH_INVALID);
    free(huge);
}

/* Claims of this size: an object filled with spaces. */
static auth_verdict judge_size(size_t len)
{
    char *json = malloc(len + 1);

    memset(json, ' ', len);
    memcpy(json, "{\"sub\":\"ann\"", 12);
    json[len - 1] = '}';
    json[len] = '\0';

    auth_verdict verdict = judge_connection(json);

    free(json);
    return verdict;
}

Test(auth_token, has_a_longest_size)
{
    size_t len = AUTH_TOKEN_MAX_BYTES / 4;

    cr_expect_eq(judge_size(len * 3 - 100), AUTH_VALID);
    cr_expect_eq(judge_size(len * 3), AUTH_INVALID);
}

Test(auth_token, of_the_previous_secret_is_good_until_its_time)
{
    auth_token_rules rules = {
        .hmac_secret_key = VIEW_LIT("new"),
        .hmac_previous_secret_key = VIEW_LIT(SECRET),
    };

    use(&rules);
    cr_expect_eq(judge_connection("{}"), AUTH_VALID);
    cr_expect_eq(judge_foreign(JWT_ALG_HS256, "new"), AUTH_VALID);
    cr_expect_eq(judge_foreign(JWT_ALG_HS256, "older"), AUTH_INVALID);
    rules.hmac_previous_secret_key_valid_until = NOW_S;
    use(&rules);
    cr_expect_eq(judge_connection("{}"), AUTH_VALID);
    rules.hmac_previous_secret_key_valid_until = NOW_S - 1;
    use(&rules);
    cr_expect_eq(judge_connection("{}"), AUTH_INVALID);
    cr_expect_eq(judge_foreign(JWT_ALG_HS256, "new"), AUTH_VALID);
}

Test(auth_token, is_believed_without_its_signature_only_if_told_to)
{
    view good = token_of("{\"sub\":\"ann\",\"exp\":5}");
    char *token = strndup(good.ptr, good.len);

    token[good.len - 2] = token[good.len - 2] == 'A' ? 'B' : 'A';
    use(&(auth_token_rules){.skip_signature = true});
    cr_expect_eq(judge(AUTH_CONNECTION, view_of(token)), AUTH_EXPIRED);
    cr_expect_eq(judge_header("{\"alg\":\"HS256\"}"), AUTH_VALID);
    use_secret();
    cr_expect_eq(judge(AUTH_CONNECTION, view_of(token)), AUTH_INVALID);
    free(token);
}

/* ---- keys ---- */

static void must_refuse_keys(const char *rsa, const char *ecdsa, const char *expected)
{
    const char *error = "";
    auth_verifier *v = auth_verifier_new(
        &(auth_token_rules){.rsa_public_key = view_of(rsa), .ecdsa_public_key = view_of(ecdsa)},
        &error);

    cr_expect_null(v);
    cr_expect_str_eq(error, expected);
    auth_verifier_free(v);
}

Test(auth_token, keys_are_checked_as_they_are_read)
{
    must_refuse_keys("x", NULL, "rsa_public_key: neither a public key nor a certificate in PEM");
    must_refuse_keys(NULL, "x", "ecdsa_public_key: neither a public key nor a certificate in PEM");
    must_refuse_keys(p256_public, NULL, "rsa_public_key: not an RSA key");
    must_refuse_keys(NULL, rsa_public, "ecdsa_public_key: not a key on P-256, P-384 or P-521");
    must_refuse_keys(NULL, secp256k1_public,
                     "ecdsa_public_key: not a key on P-256, P-384 or P-521");
    must_refuse_keys(ed25519_public, NULL, "rsa_public_key: not an RSA key");
    must_refuse_keys(rsa_512_public, NULL, "rsa_public_key: fewer than 1024 bits");
}

Test(auth_token, keys_may_be_in_certificates)
{
    use(&(auth_token_rules){.ecdsa_public_key = view_of(p256_certificate)});
    cr_expect_eq(judge_foreign(JWT_ALG_ES256, p256_private), AUTH_VALID);
    cr_expect_eq(judge_foreign(JWT_ALG_ES256, p384_private), AUTH_INVALID);
}

Test(auth_token, is_not_judged_without_memory)
{
    view token = token_of("{\"sub\":\"ann\",\"subs\":{\"a\":{},\"b\":{}}}");
    size_t failures = 0;
    bool struck = true;

    for (size_t nth = 0; struck; nth++) {
        auth_claims out;

        failing_alloc_arm(nth);
        auth_verdict verdict = auth_verify(verifier, AUTH_CONNECTION, token, NOW_S, &out);

        struck = failing_alloc_disarm();
        cr_expect_eq(verdict, struck ? AUTH_OUT_OF_MEMORY : AUTH_VALID);
        auth_claims_fini(&out);
        failures += struck;
    }
    cr_expect_geq(failures, 2);
}
