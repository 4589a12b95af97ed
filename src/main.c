/* SPDX-License-Identifier: MIT */
/* gracecast: arguments in, server out. */
#include <stdio.h>
#include <unistd.h>

#include "config.h"
#include "server.h"

extern char **environ;

static void print(FILE *to, const buf *text)
{
    if (text->len == 0)
        return; /* an empty buffer has no data to point to */
    /* nowhere to report a failure to */
    (void)!fwrite(text->data, 1, text->len, to);
}

static int print_help(void)
{
    buf text = {0};

    config_write_help(&text);
    print(stdout, &text);
    buf_fini(&text);
    return 0;
}

static int print_version(void)
{
    (void)puts("gracecast " GRACECAST_VERSION);
    return 0;
}

int main(int argc, char **argv)
{
    config *cfg = NULL;
    config_report report = {0};
    config_result result = config_load(argc, argv, environ, &cfg, &report);
    int status = 1;

    print(stderr, &report.warnings);
    print(stderr, &report.errors);
    config_report_fini(&report);
    if (result == CONFIG_HELP)
        return print_help();
    if (result == CONFIG_VERSION)
        return print_version();
    if (result == CONFIG_OK)
        status = server_run(cfg);
    config_free(cfg);
    return status;
}
