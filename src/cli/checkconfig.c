/* SPDX-License-Identifier: MIT */
#include "cli_internal.h"
#include "config.h"

int cli_checkconfig(int argc, char *const *argv, char *const *envp)
{
    config *cfg = NULL;
    config_report report = {0};
    config_result result = config_load(argc, argv, envp, &cfg, &report);

    cli_print(stderr, &report.warnings);
    cli_print(stderr, &report.errors);
    config_report_fini(&report);
    config_free(cfg);
    if (result == CONFIG_HELP)
        return cli_help(argc, argv, envp);
    if (result == CONFIG_VERSION)
        return cli_version(argc, argv, envp);
    if (result != CONFIG_OK)
        return 1;
    (void)puts("the configuration is valid");
    return 0;
}
