/* SPDX-License-Identifier: MIT */
/* gracecast: arguments in, server out; or one of the commands. */
#include "cli.h"
#include "config.h"
#include "server.h"

extern char **environ;

static int run_command(const char *name, int argc, char *const *argv)
{
    const cli_command *c = cli_find(view_of(name));

    if (c != NULL)
        return c->run(argc, argv, environ);
    (void)fprintf(stderr, "gracecast: there is no command %s; gracecast help lists them\n",
                  log_quote(view_of(name)).text);
    return 1;
}

int main(int argc, char **argv)
{
    config *cfg = NULL;
    config_report report = {0};
    int status = 1;

    if (argc > 1 && argv[1][0] != '-')
        return run_command(argv[1], argc - 1, argv + 1);

    config_result result = config_load(argc, argv, environ, &cfg, &report);

    cli_print(stderr, &report.warnings);
    cli_print(stderr, &report.errors);
    config_report_fini(&report);
    if (result == CONFIG_HELP)
        return run_command("help", argc, argv);
    if (result == CONFIG_VERSION)
        return run_command("version", argc, argv);
    if (result == CONFIG_OK)
        status = server_run(cfg, &(server_sources){argc, argv, environ});
    config_free(cfg);
    return status;
}
