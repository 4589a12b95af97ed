/* SPDX-License-Identifier: MIT */
/* The claims of a token whose signature is good. */
#include <stdlib.h>

#include "base64.h"
#include "json.h"
#include "token_internal.h"

/* The members of one object as they are written; empty: absent or null. */
typedef struct raw_claims {
    view sub;
    view exp;
    view nbf;
    view iat;
    view aud;
    view iss;
    view client;
    view channel;
    view channels;
    view subs;
    view info;
    view b64info;
    view data;
    view b64data;
    view meta;
    view expire_at;
    view override;
    view user; /* what the rules call it */
} raw_claims;

typedef struct reader {
    const auth_token_rules *rules;
    auth_claims *out;
} reader;

/* Of duplicate members the last counts. false: no object. */
static bool collect(view object, view user_id_claim, raw_claims *raw)
{
    const struct {
        view name;
        view *value;
    } members[] = {
        {VIEW_LIT("sub"), &raw->sub},           {VIEW_LIT("exp"), &raw->exp},
        {VIEW_LIT("nbf"), &raw->nbf},           {VIEW_LIT("iat"), &raw->iat},
        {VIEW_LIT("aud"), &raw->aud},           {VIEW_LIT("iss"), &raw->iss},
        {VIEW_LIT("client"), &raw->client},     {VIEW_LIT("channel"), &raw->channel},
        {VIEW_LIT("channels"), &raw->channels}, {VIEW_LIT("subs"), &raw->subs},
        {VIEW_LIT("info"), &raw->info},         {VIEW_LIT("b64info"), &raw->b64info},
        {VIEW_LIT("data"), &raw->data},         {VIEW_LIT("b64data"), &raw->b64data},
        {VIEW_LIT("meta"), &raw->meta},         {VIEW_LIT("expire_at"), &raw->expire_at},
        {VIEW_LIT("override"), &raw->override}, {user_id_claim, &raw->user},
    };
    json_iter it;
    view key;
    view value;

    *raw = (raw_claims){0};
    if (json_kind_of(object) != JSON_KIND_OBJECT || !json_iter_init(&it, object))
        return false;
    while (json_iter_next(&it, &key, &value)) {
        for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
            if (json_string_is(key, members[i].name))
                *members[i].value = json_kind_of(value) == JSON_KIND_NULL ? (view){0} : value;
        }
    }
    return true;
}

/* ---- values ---- */

/* What a string stands for; of an absent one, nothing. false: no string. */
static bool read_string(reader *r, view raw, view *out)
{
    buf *text = &r->out->text;
    size_t start = text->len;

    *out = (view){0};
    if (raw.len == 0)
        return true;
    if (!json_string_decode(raw, text))
        return false;
    *out = (view){.ptr = text->data + start, .len = text->len - start};
    return true;
}

/* The JSON of `raw`, or what is in base64 in `base64` if there is something. false: that is no base64,
 * or no JSON: all clients here speak JSON. */
static bool read_payload(reader *r, view raw, view base64, view *out)
{
    buf *text = &r->out->text;
    view encoded;

    *out = raw;
    if (!read_string(r, base64, &encoded))
        return false;
    if (encoded.len == 0)
        return true;

    size_t start = text->len;

    if (!base64_decode(encoded, text))
        return false;
    *out = (view){.ptr = text->data + start, .len = text->len - start};
    return json_valid(*out);
}

/* A user id: applications number their users, too. */
static bool read_user(reader *r, const raw_claims *raw, view *out)
{
    if (r->rules->user_id_claim.len == 0)
        return read_string(r, raw->sub, out);
    *out = raw->user;
    return json_kind_of(raw->user) == JSON_KIND_NUMBER || read_string(r, raw->user, out);
}

/* Seconds since 1970. They may have a fraction or an exponent (RFC 7519 section 2), but every number
 * that a clock will ever show is far from those that a double does not hold. */
static bool read_time(view raw, int64_t *out)
{
    char text[32];
    char *end = NULL;

    if (json_i64(raw, out))
        return true;
    if (json_kind_of(raw) != JSON_KIND_NUMBER || raw.len >= sizeof text)
        return false;
    memcpy(text, raw.ptr, raw.len);
    text[raw.len] = '\0';

    double number = strtod(text, &end);

    if (end != text + raw.len || !(number > -1e15 && number < 1e15))
        return false;
    *out = (int64_t)number;
    return true;
}

/* ---- what must be so ---- */

static bool is_string(view raw)
{
    return json_kind_of(raw) == JSON_KIND_STRING;
}

/* A string, or a list of strings (RFC 7519 section 4.1.3). */
static bool names_audience(view aud, view expected)
{
    json_iter it;
    view one;

    if (is_string(aud))
        return json_string_is(aud, expected);
    if (json_kind_of(aud) != JSON_KIND_ARRAY || !json_iter_init(&it, aud))
        return false;
    while (json_iter_next(&it, NULL, &one)) {
        if (is_string(one) && json_string_is(one, expected))
            return true;
    }
    return false;
}

static const char *check_names(const auth_token_rules *rules, const raw_claims *raw)
{
    if (rules->audience.len != 0 && !names_audience(raw->aud, rules->audience))
        return "it is for another audience";
    if (rules->issuer.len != 0 && !(is_string(raw->iss) && json_string_is(raw->iss, rules->issuer)))
        return "it is from another issuer";
    return NULL;
}

/* Sets when the grant ends. */
static auth_verdict check_times(const raw_claims *raw, int64_t now_s, auth_claims *out)
{
    int64_t exp = 0;
    int64_t nbf = 0;
    int64_t iat = 0;
    int64_t expire_at = 0;

    out->fault = "exp, nbf, iat or expire_at is no time";
    if ((raw->exp.len != 0 && !read_time(raw->exp, &exp)) ||
        (raw->nbf.len != 0 && !read_time(raw->nbf, &nbf)) ||
        (raw->iat.len != 0 && !read_time(raw->iat, &iat)) ||
        (raw->expire_at.len != 0 && !read_time(raw->expire_at, &expire_at)))
        return AUTH_INVALID;
    out->fault = "it has expired";
    if (raw->exp.len != 0 && now_s >= exp)
        return AUTH_EXPIRED;
    out->fault = "it is not valid yet";
    if (raw->nbf.len != 0 && now_s < nbf)
        return AUTH_EXPIRED;
    out->expire_at_s = raw->expire_at.len != 0 ? expire_at : exp;
    if (out->expire_at_s < 0)
        out->expire_at_s = 0;
    return AUTH_VALID;
}

/* ---- channels ---- */

/* A grant of the channel as `raw` says; the name is read already. */
static bool read_grant(reader *r, const raw_claims *raw, auth_grant *out)
{
    return read_payload(r, raw->info, raw->b64info, &out->info) &&
           read_payload(r, raw->data, raw->b64data, &out->data) &&
           channel_override_read(raw->override, &out->override);
}

static auth_grant *add_grant(reader *r)
{
    return &r->out->grants[r->out->grant_count++];
}

static bool read_subs(reader *r, view subs)
{
    json_iter it;
    view name;
    view object;

    (void)json_iter_init(&it, subs);
    while (json_iter_next(&it, &name, &object)) {
        auth_grant *g = add_grant(r);
        raw_claims raw = {0};

        if (json_kind_of(object) != JSON_KIND_NULL && !collect(object, (view){0}, &raw))
            return false;
        if (!read_string(r, name, &g->channel) || !read_grant(r, &raw, g))
            return false;
    }
    return true;
}

static bool read_channels(reader *r, view channels)
{
    json_iter it;
    view name;

    (void)json_iter_init(&it, channels);
    while (json_iter_next(&it, NULL, &name)) {
        if (!is_string(name) || !read_string(r, name, &add_grant(r)->channel))
            return false;
    }
    return true;
}

static size_t count_members(view container)
{
    json_iter it;
    view value;
    size_t count = 0;

    if (!json_iter_init(&it, container))
        return 0;
    while (json_iter_next(&it, NULL, &value))
        count++;
    return count;
}

static bool has_kind(view raw, json_kind kind)
{
    return raw.len == 0 || json_kind_of(raw) == kind;
}

/* Where there are subs, channels are not looked at. */
static auth_verdict read_server_side(reader *r, const raw_claims *raw)
{
    auth_claims *out = r->out;
    size_t subs = count_members(raw->subs);
    size_t count = subs != 0 ? subs : count_members(raw->channels);

    out->fault = "subs or channels is not as it should be";
    if (!has_kind(raw->subs, JSON_KIND_OBJECT) || !has_kind(raw->channels, JSON_KIND_ARRAY))
        return AUTH_INVALID;
    if (count == 0)
        return AUTH_VALID;
    out->grants = calloc(count, sizeof *out->grants);
    if (out->grants == NULL)
        return AUTH_OUT_OF_MEMORY;
    return (subs != 0 ? read_subs(r, raw->subs) : read_channels(r, raw->channels)) ? AUTH_VALID
                                                                                   : AUTH_INVALID;
}

/* ---- the two kinds of token ---- */

static auth_verdict read_connection(reader *r, const raw_claims *raw)
{
    auth_claims *out = r->out;
    view channel;

    out->fault = "it is for a subscription: it has a channel";
    if (!read_string(r, raw->channel, &channel) || channel.len != 0)
        return AUTH_INVALID;
    out->fault = "info is not as it should be";
    if (!read_payload(r, raw->info, raw->b64info, &out->info))
        return AUTH_INVALID;
    out->meta = raw->meta;
    return read_server_side(r, raw);
}

static auth_verdict read_subscription(reader *r, const raw_claims *raw)
{
    auth_claims *out = r->out;

    out->fault = "out of memory";
    out->grants = calloc(1, sizeof *out->grants);
    if (out->grants == NULL)
        return AUTH_OUT_OF_MEMORY;
    out->grant_count = 1;
    out->fault = "it is not for a subscription: it has no channel";
    if (!read_string(r, raw->channel, &out->grants->channel) || out->grants->channel.len == 0)
        return AUTH_INVALID;
    out->fault = "client, info, data or override is not as it should be";
    if (!read_string(r, raw->client, &out->client) || !read_grant(r, raw, out->grants))
        return AUTH_INVALID;
    return AUTH_VALID;
}

auth_verdict claims_read(const auth_token_rules *rules, auth_purpose purpose, view object,
                         int64_t now_s, auth_claims *out)
{
    reader r = {.rules = rules, .out = out};
    raw_claims raw;
    auth_verdict verdict;

    out->payload = object;
    out->fault = "the claims are no object";
    if (!collect(object, rules->user_id_claim, &raw))
        return AUTH_INVALID;
    out->fault = check_names(rules, &raw);
    if (out->fault != NULL)
        return AUTH_INVALID;
    out->fault = "the user id is no string";
    if (!read_user(&r, &raw, &out->user))
        return AUTH_INVALID;
    verdict = purpose == AUTH_CONNECTION ? read_connection(&r, &raw) : read_subscription(&r, &raw);
    return verdict == AUTH_VALID ? check_times(&raw, now_s, out) : verdict;
}
