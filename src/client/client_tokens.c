/* SPDX-License-Identifier: MIT */
#include "client_tokens.h"

/* NULL: reported. */
static auth_verifier *new_verifier(const config *cfg, const config_token *keys, const char *section,
                                   buf *error)
{
    auth_token_rules rules = {
        .hmac_secret_key = keys->hmac_secret_key,
        .hmac_previous_secret_key = keys->hmac_previous_secret_key,
        .hmac_previous_secret_key_valid_until = keys->hmac_previous_secret_key_valid_until_s,
        .rsa_public_key = keys->rsa_public_key,
        .ecdsa_public_key = keys->ecdsa_public_key,
        .audience = keys->audience,
        .issuer = keys->issuer,
        .user_id_claim = keys->user_id_claim,
        .skip_signature = cfg->client.insecure_skip_token_signature_verify,
    };
    const char *fault = NULL;
    auth_verifier *v = auth_verifier_new(&rules, &fault);

    if (v == NULL)
        buf_printf(error, "%s.%s", section, fault);
    return v;
}

bool client_tokens_init(client_tokens *t, const config *cfg, buf *error)
{
    *t = (client_tokens){0};
    t->connection = new_verifier(cfg, &cfg->client.token, "client.token", error);
    if (t->connection == NULL)
        return false;
    if (!cfg->client.subscription_token.enabled)
        return true;
    t->subscription =
        new_verifier(cfg, &cfg->client.subscription_token.keys, "client.subscription_token", error);
    if (t->subscription != NULL)
        return true;
    client_tokens_fini(t);
    return false;
}

void client_tokens_fini(client_tokens *t)
{
    auth_verifier_free(t->connection);
    auth_verifier_free(t->subscription);
    *t = (client_tokens){0};
}
