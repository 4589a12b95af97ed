/* SPDX-License-Identifier: MIT */
/* A token taken apart: header, claims, signature. */
#include <stdlib.h>

#include <openssl/err.h>

#include "base64.h"
#include "json.h"
#include "token_internal.h"

struct auth_verifier {
    auth_token_rules rules; /* its views point into `text` */
    EVP_PKEY *rsa;          /* NULL: none */
    EVP_PKEY *ecdsa;
    buf text;
};

/* ---- verifiers ---- */

static view keep(buf *text, view v)
{
    size_t start = text->len;

    buf_append_view(text, v);
    return (view){.ptr = text->data + start, .len = v.len};
}

/* Copies the rules but for the keys that are kept parsed. */
static bool keep_rules(auth_verifier *v, const auth_token_rules *rules)
{
    view *const kept[] = {&v->rules.hmac_secret_key, &v->rules.hmac_previous_secret_key,
                          &v->rules.audience, &v->rules.issuer, &v->rules.user_id_claim};
    size_t room = 1;

    v->rules = *rules;
    v->rules.rsa_public_key = v->rules.ecdsa_public_key = (view){0};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        room += kept[i]->len;
    if (!buf_reserve(&v->text, room))
        return false;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        *kept[i] = keep(&v->text, *kept[i]);
    return true;
}

/* true: there is none, or it is good. */
static bool keep_key(EVP_PKEY **key, key_family family, view pem, const char **error)
{
    if (pem.len == 0)
        return true;
    *key = token_key_read(family, pem, error);
    return *key != NULL;
}

auth_verifier *auth_verifier_new(const auth_token_rules *rules, const char **error)
{
    auth_verifier *v = calloc(1, sizeof *v);

    *error = "out of memory";
    if (v != NULL && keep_rules(v, rules) &&
        keep_key(&v->rsa, KEY_RSA, rules->rsa_public_key, error) &&
        keep_key(&v->ecdsa, KEY_ECDSA, rules->ecdsa_public_key, error))
        return v;
    auth_verifier_free(v);
    ERR_clear_error();
    return NULL;
}

void auth_verifier_free(auth_verifier *v)
{
    if (v == NULL)
        return;
    EVP_PKEY_free(v->rsa);
    EVP_PKEY_free(v->ecdsa);
    if (v->text.data != NULL)
        OPENSSL_cleanse(v->text.data, v->text.len);
    buf_fini(&v->text);
    free(v);
}

/* ---- tokens ---- */

/* The three parts, still in base64; false: there are not three. */
typedef struct token_parts {
    view header;
    view claims;
    view signature;
    view content; /* header and claims with the dot between them: what is signed */
} token_parts;

static bool cut(view *rest, view *part)
{
    const char *dot = rest->len == 0 ? NULL : memchr(rest->ptr, '.', rest->len);

    if (dot == NULL)
        return false;
    *part = (view){.ptr = rest->ptr, .len = (size_t)(dot - rest->ptr)};
    *rest = view_skip(*rest, part->len + 1);
    return true;
}

static bool split(view token, token_parts *parts)
{
    view rest = token;

    if (!cut(&rest, &parts->header) || !cut(&rest, &parts->claims))
        return false;
    parts->signature = rest; /* a dot in it is no base64 */
    parts->content = (view){.ptr = token.ptr, .len = token.len - rest.len - 1};
    return true;
}

/* The algorithm that a decoded header names. NULL: none that we know, or there is something in it that
 * must be understood and is not (RFC 7515 section 4.1.11). */
static const token_algorithm *algorithm_of(view header)
{
    const token_algorithm *algorithm = NULL;
    json_iter it;
    view key;
    view value;

    if (!json_valid(header) || json_kind_of(header) != JSON_KIND_OBJECT ||
        !json_iter_init(&it, header))
        return NULL;
    while (json_iter_next(&it, &key, &value)) {
        if (json_string_is(key, VIEW_LIT("crit")))
            return NULL;
        if (!json_string_is(key, VIEW_LIT("alg")))
            continue;
        if (json_kind_of(value) != JSON_KIND_STRING)
            return NULL;
        algorithm = token_algorithm_find((view){.ptr = value.ptr + 1, .len = value.len - 2});
    }
    return algorithm;
}

static bool previous_key_counts(const auth_token_rules *rules, int64_t now_s)
{
    return rules->hmac_previous_secret_key_valid_until == 0 ||
           now_s <= rules->hmac_previous_secret_key_valid_until;
}

static bool signature_good(const auth_verifier *v, const token_algorithm *algorithm, view content,
                           view signature, int64_t now_s)
{
    const auth_token_rules *rules = &v->rules;

    if (rules->skip_signature)
        return true;
    switch (algorithm->family) {
    case KEY_RSA:
        return token_public_good(algorithm, v->rsa, content, signature);
    case KEY_ECDSA:
        return token_public_good(algorithm, v->ecdsa, content, signature);
    case KEY_HMAC:
        return token_hmac_good(algorithm, rules->hmac_secret_key, content, signature) ||
               (previous_key_counts(rules, now_s) &&
                token_hmac_good(algorithm, rules->hmac_previous_secret_key, content, signature));
    }
    return false;
}

/* Whether a token's signature is good. Uses and empties `scratch`. */
static bool authentic(const auth_verifier *v, const token_parts *parts, int64_t now_s, buf *scratch)
{
    const token_algorithm *algorithm = NULL;
    bool good = false;

    if (base64url_decode(parts->header, scratch))
        algorithm = algorithm_of(buf_view(scratch));
    buf_consume(scratch, scratch->len);
    if (algorithm != NULL && base64url_decode(parts->signature, scratch))
        good = signature_good(v, algorithm, parts->content, buf_view(scratch), now_s);
    buf_consume(scratch, scratch->len);
    ERR_clear_error(); /* nobody reads the reasons of bad signatures */
    return good;
}

static auth_verdict judge(const auth_verifier *v, auth_purpose purpose, view token, int64_t now_s,
                          auth_claims *out)
{
    token_parts parts;

    out->fault = "there are no keys to verify it with";
    if (v == NULL)
        return AUTH_INVALID;
    out->fault = "not three parts, or too long";
    if (token.len > AUTH_TOKEN_MAX_BYTES || !split(token, &parts))
        return AUTH_INVALID;
    out->fault = "out of memory";
    if (!buf_reserve(&out->text, 3 * token.len)) /* see claims_read() */
        return AUTH_OUT_OF_MEMORY;
    out->fault = "wrong algorithm, key or signature";
    if (!authentic(v, &parts, now_s, &out->text))
        return AUTH_INVALID;
    out->fault = "the claims are no JSON object in base64url";
    if (!base64url_decode(parts.claims, &out->text) || !json_valid(buf_view(&out->text)))
        return AUTH_INVALID;
    return claims_read(&v->rules, purpose, buf_view(&out->text), now_s, out);
}

auth_verdict auth_verify(const auth_verifier *v, auth_purpose purpose, view token, int64_t now_s,
                         auth_claims *out)
{
    *out = (auth_claims){0};

    auth_verdict verdict = judge(v, purpose, token, now_s, out);

    if (verdict == AUTH_VALID)
        out->fault = NULL;
    return verdict;
}

void auth_claims_fini(auth_claims *claims)
{
    free(claims->grants);
    buf_fini(&claims->text);
    *claims = (auth_claims){0};
}

void auth_sign(view hmac_secret_key, view claims, buf *out)
{
    size_t start = out->len;

    base64url_encode(VIEW_LIT("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), out);
    buf_append_char(out, '.');
    base64url_encode(claims, out);
    if (out->failed)
        return;

    char signature[EVP_MAX_MD_SIZE];
    size_t len = token_hmac(token_algorithm_find(VIEW_LIT("HS256")), hmac_secret_key,
                            (view){.ptr = out->data + start, .len = out->len - start}, signature);

    out->failed = len == 0;
    buf_append_char(out, '.');
    base64url_encode((view){.ptr = signature, .len = len}, out);
}
