/* SPDX-License-Identifier: MIT */
#include "cli_internal.h"
#include "client_tokens.h"
#include "config.h"

/* The keys are not read before the server starts. */
static bool keys_are_good(const config *cfg)
{
    client_tokens tokens = {0};
    buf error = {0};
    bool good = client_tokens_init(&tokens, cfg, &error);

    if (!good)
        buf_append_char(&error, '\n');
    cli_print(stderr, &error);
    client_tokens_fini(&tokens);
    buf_fini(&error);
    return good;
}

int cli_checkconfig(int argc, char *const *argv, char *const *envp)
{
    config *cfg = NULL;
    config_report report = {0};
    config_result result = config_load(argc, argv, envp, &cfg, &report);

    cli_print(stderr, &report.warnings);
    cli_print(stderr, &report.errors);
    config_report_fini(&report);

    bool good = result == CONFIG_OK && keys_are_good(cfg);

    config_free(cfg);
    if (result == CONFIG_HELP)
        return cli_help(argc, argv, envp);
    if (result == CONFIG_VERSION)
        return cli_version(argc, argv, envp);
    if (!good)
        return 1;
    (void)puts("the configuration is valid");
    return 0;
}
