/* SPDX-License-Identifier: MIT */
/* The arguments that the commands about tokens have in common. */
#include <stdlib.h>
#include <string.h>

#include "cli_internal.h"
#include "parse.h"

enum { DEFAULT_TTL_S = 7 * 24 * 3600 };

static bool is_one_of(const char *arg, const char *letter, const char *name)
{
    return strcmp(arg, letter) == 0 || strcmp(arg, name) == 0;
}

/* The value of a flag that argv[*i] is, in the same argument behind a sign or as the next one. NULL: it
 * is another flag, or there is no value. */
static const char *value_of(char *const *argv, int *i, const char *letter, const char *name)
{
    size_t len = strlen(name);

    if (strncmp(argv[*i], name, len) == 0 && argv[*i][len] == '=')
        return argv[*i] + len + 1;
    if (!is_one_of(argv[*i], letter, name) || argv[*i + 1] == NULL)
        return NULL;
    return argv[++*i];
}

/* Seconds, or a time such as 1h30m; 0 and -1 for ever. */
static bool read_ttl(const char *text, int64_t *out)
{
    uint64_t number = 0;

    if (strcmp(text, "-1") == 0) {
        *out = 0;
        return true;
    }
    if (!parse_number(view_of(text), &number)) {
        if (!parse_duration(view_of(text), &number))
            return false;
        number /= 1000;
    }
    *out = (int64_t)number;
    return number <= INT32_MAX;
}

/* Takes argv[*i], and what belongs to it. false: it is no good. */
static bool take(token_args *a, char *const *argv, int *i)
{
    const char *value;

    if ((value = value_of(argv, i, "-u", "--user")) != NULL)
        a->user = view_of(value);
    else if ((value = value_of(argv, i, "-s", "--channel")) != NULL)
        a->channel = view_of(value);
    else if ((value = value_of(argv, i, "-t", "--ttl")) != NULL)
        return read_ttl(value, &a->ttl_s);
    else if (is_one_of(argv[*i], "-q", "--quiet"))
        a->quiet = true;
    else
        a->options[a->option_count++] = argv[*i];
    return true;
}

bool token_args_read(token_args *out, bool takes_token, int argc, char *const *argv)
{
    int last = takes_token ? argc - 1 : argc;

    *out = (token_args){.ttl_s = DEFAULT_TTL_S};
    out->options = calloc((size_t)argc + 1, sizeof *out->options);
    if (out->options == NULL)
        return false;
    if (takes_token && argc < 2) {
        (void)cli_misuse(argv[0], "there is no token"); /* the status is the caller's affair */
        return false;
    }
    if (takes_token)
        out->token = view_of(argv[last]);
    out->options[out->option_count++] = argv[0];
    for (int i = 1; i < last; i++) {
        if (!take(out, argv, &i)) {
            (void)cli_misuse(argv[0], "the time is no number of seconds"); /* as above */
            return false;
        }
    }
    return true;
}

void token_args_fini(token_args *args)
{
    free(args->options);
    args->options = NULL;
}

config *token_args_config(const token_args *args, char *const *envp)
{
    config *cfg = NULL;
    config_report report = {0};

    (void)config_load(args->option_count, args->options, envp, &cfg, &report); /* sets cfg */
    cli_print(stderr, &report.warnings);
    cli_print(stderr, &report.errors);
    config_report_fini(&report);
    return cfg;
}

const config_token *token_keys(const config *cfg, bool subscription)
{
    return subscription && cfg->client.subscription_token.enabled
               ? &cfg->client.subscription_token.keys
               : &cfg->client.token;
}
