/* SPDX-License-Identifier: MIT */
#include "cli_internal.h"
#include "config.h"

int cli_configdoc(int argc, char *const *argv, char *const *envp)
{
    buf text = {0};

    (void)argc;
    (void)argv;
    (void)envp;
    config_write_markdown(&text);
    cli_print(stdout, &text);
    buf_fini(&text);
    return 0;
}
