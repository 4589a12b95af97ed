/* SPDX-License-Identifier: MIT */
/* gentoken and gensubtoken: tokens to try things out with. */
#include "auth_token.h"
#include "cli_internal.h"
#include "clock.h"
#include "json.h"

static void write_claim(buf *out, const char *name, view value)
{
    if (value.len == 0)
        return;
    if (out->len > 1)
        buf_append_char(out, ',');
    buf_printf(out, "\"%s\":", name);
    json_write_string(out, value);
}

static void write_claims(buf *out, const token_args *a, const config_token *keys)
{
    uint64_t now_s = clock_wall_ms() / 1000;

    buf_append_char(out, '{');
    write_claim(out, keys->user_id_claim.len != 0 ? keys->user_id_claim.ptr : "sub", a->user);
    write_claim(out, "channel", a->channel);
    write_claim(out, "aud", keys->audience);
    write_claim(out, "iss", keys->issuer);
    buf_printf(out, "%s\"iat\":%ju", out->len > 1 ? "," : "", (uintmax_t)now_s);
    if (a->ttl_s != 0)
        buf_printf(out, ",\"exp\":%ju", (uintmax_t)now_s + (uintmax_t)a->ttl_s);
    buf_append_char(out, '}');
}

static int print_token(const token_args *a, const config_token *keys, const char *name)
{
    buf claims = {0};
    buf token = {0};

    if (keys->hmac_secret_key.len == 0)
        return cli_misuse(name, "there is no hmac_secret_key to sign with");
    write_claims(&claims, a, keys);
    auth_sign(keys->hmac_secret_key, buf_view(&claims), &token);
    buf_append_char(&token, '\n');
    if (!a->quiet)
        (void)printf("%.*s\n", (int)claims.len, claims.data);
    cli_print(stdout, &token);

    int status = token.failed || claims.failed ? 1 : 0;

    buf_fini(&claims);
    buf_fini(&token);
    return status;
}

static int generate(bool subscription, int argc, char *const *argv, char *const *envp)
{
    token_args a;
    config *cfg = NULL;
    int status = 1;

    if (token_args_read(&a, false, argc, argv)) {
        if (subscription != (a.channel.len != 0))
            status = cli_misuse(argv[0], subscription ? "there is no channel"
                                                      : "a channel is for gensubtoken");
        else if ((cfg = token_args_config(&a, envp)) != NULL)
            status = print_token(&a, token_keys(cfg, subscription), argv[0]);
    }
    config_free(cfg);
    token_args_fini(&a);
    return status;
}

int cli_gentoken(int argc, char *const *argv, char *const *envp)
{
    return generate(false, argc, argv, envp);
}

int cli_gensubtoken(int argc, char *const *argv, char *const *envp)
{
    return generate(true, argc, argv, envp);
}
