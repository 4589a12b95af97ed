/* SPDX-License-Identifier: MIT */
/* checktoken and checksubtoken: what the server would say of a token, and why. */
#include "cli_internal.h"
#include "client_tokens.h"
#include "clock.h"

static int print_verdict(auth_verdict verdict, const auth_claims *claims)
{
    if (verdict != AUTH_VALID) {
        (void)fprintf(stderr, "invalid token: %s\n", claims->fault);
        return 1;
    }
    if (claims->user.len != 0)
        (void)printf("valid token for user %s\n", log_quote(claims->user).text);
    else
        (void)puts("valid token for anonymous users");
    (void)printf("%.*s\n", (int)claims->payload.len, claims->payload.ptr);
    return 0;
}

static int judge(const config *cfg, bool subscription, view token)
{
    client_tokens tokens;
    auth_claims claims;
    buf error = {0};
    int status = 1;

    if (client_tokens_init(&tokens, cfg, &error)) {
        auth_verdict verdict =
            auth_verify(subscription ? client_tokens_subscription(&tokens) : tokens.connection,
                        subscription ? AUTH_SUBSCRIPTION : AUTH_CONNECTION, token,
                        (int64_t)(clock_wall_ms() / 1000), &claims);

        status = print_verdict(verdict, &claims);
        auth_claims_fini(&claims);
        client_tokens_fini(&tokens);
    } else {
        buf_append_char(&error, '\n');
        cli_print(stderr, &error);
    }
    buf_fini(&error);
    return status;
}

static int check(bool subscription, int argc, char *const *argv, char *const *envp)
{
    token_args a;
    config *cfg = NULL;
    int status = 1;

    if (token_args_read(&a, true, argc, argv) && (cfg = token_args_config(&a, envp)) != NULL)
        status = judge(cfg, subscription, a.token);
    config_free(cfg);
    token_args_fini(&a);
    return status;
}

int cli_checktoken(int argc, char *const *argv, char *const *envp)
{
    return check(false, argc, argv, envp);
}

int cli_checksubtoken(int argc, char *const *argv, char *const *envp)
{
    return check(true, argc, argv, envp);
}
