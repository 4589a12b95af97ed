/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>

#include "config.h"
#include "option.h"

static buf help;

static void write_help(void)
{
    config_write_help(&help);
    buf_append_char(&help, '\0');
    cr_assert_not(help.failed);
}

static void fini(void)
{
    buf_fini(&help);
}

TestSuite(config_help, .init = write_help, .fini = fini);

Test(config_help, names_every_option_with_its_default_and_text)
{
    for (size_t i = 0; i < options_of_server.count; i++) {
        const option *o = &options_of_server.items[i];
        char flag[96];
        char preset[96];

        (void)snprintf(flag, sizeof flag, "--%s", o->name);
        (void)snprintf(preset, sizeof preset, "(%s)\n", o->preset);

        const char *found = strstr(help.data, flag);

        cr_assert_not_null(found, "%s", o->name);
        cr_expect_not_null(strstr(found, o->help), "%s", o->name);
        if (*o->preset != '\0' && o->type != OPTION_BOOL)
            cr_expect_not_null(strstr(found, preset), "%s", o->name);
    }
    for (size_t i = 0; i < options_of_channel.count; i++)
        cr_expect_not_null(strstr(help.data, options_of_channel.items[i].help));
}

Test(config_help, names_second_and_short_flags)
{
    cr_expect_not_null(strstr(help.data, "  -p, --port, --http_server.port NUMBER  (8000)\n"));
    cr_expect_not_null(strstr(help.data, "  -h, --help\n"));
}

Test(config_help, fits_on_a_screen_of_100_columns)
{
    size_t column = 0;

    for (const char *c = help.data; *c != '\0'; c++) {
        column = *c == '\n' ? 0 : column + 1;
        cr_assert_leq(column, 100, "...%.*s", 40, c - 40);
    }
}
