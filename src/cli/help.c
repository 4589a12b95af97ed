/* SPDX-License-Identifier: MIT */
#include "cli_internal.h"
#include "config.h"

static void write_command(buf *out, const cli_command *c)
{
    buf_printf(out, "  gracecast %s%s%s\n      %s\n", c->name, *c->arguments == '\0' ? "" : " ",
               c->arguments, c->help);
}

int cli_help(int argc, char *const *argv, char *const *envp)
{
    buf text = {0};

    (void)argc;
    (void)argv;
    (void)envp;
    buf_append_lit(&text, "Gracecast, a push server for live dashboards.\n"
                          "\n"
                          "Usage:\n"
                          "  gracecast [OPTION]...\n"
                          "      run the server\n");
    for (size_t i = 0; i < cli_commands.count; i++)
        write_command(&text, &cli_commands.items[i]);
    buf_append_char(&text, '\n');
    config_write_help(&text);
    cli_print(stdout, &text);
    buf_fini(&text);
    return 0;
}

int cli_version(int argc, char *const *argv, char *const *envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    (void)puts("gracecast " GRACECAST_VERSION);
    return 0;
}
