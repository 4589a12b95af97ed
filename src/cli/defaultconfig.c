/* SPDX-License-Identifier: MIT */
#include "cli_internal.h"
#include "config.h"

int cli_defaultconfig(int argc, char *const *argv, char *const *envp)
{
    static const char *const formats[] = {"yaml", "json", NULL};
    int format = cli_choose(argc, argv, formats, 0);
    buf text = {0};

    (void)envp;
    if (format < 0)
        return cli_misuse(argv[0], "the format is yaml or json");
    config_write_default(&text, format == 1);
    cli_print(stdout, &text);
    buf_fini(&text);
    return 0;
}
