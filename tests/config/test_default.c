/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "fixture.h"
#include "option.h"
#include "value.h"

TestSuite(config_default, .fini = fixture_fini);

static bool same(const option *o, const void *a, const void *b)
{
    if (o->type == OPTION_NAMESPACES)
        return ((const config_namespaces *)a)->count == ((const config_namespaces *)b)->count;
    return value_same(o->type, a, b);
}

static const void *field_of(config *c, const char *name)
{
    return option_by_name(c, view_of(name)).field;
}

static void check_file(bool json)
{
    buf text = {0};
    config *plain = NULL;
    config_report none = {0};
    option_name name;

    config_write_default(&text, json);
    buf_append_char(&text, '\0');
    fixture_file(text.data);
    LOAD();
    must_be_ok();
    cr_assert_eq(config_load(1, (char *[]){"gracecast", NULL}, (char *[]){NULL}, &plain, &none),
                 CONFIG_OK);
    for (size_t i = 0; i < option_count(); i++) {
        const option *o = option_at(i, &name);
        char key[128];

        if (o->flag_only)
            continue;
        cr_expect(same(o, field_of(loaded, name.text), field_of(plain, name.text)), "%s",
                  name.text);
        (void)snprintf(key, sizeof key, json ? "\"%s\":" : "%s:",
                       strrchr(name.text, '.') == NULL ? name.text : strrchr(name.text, '.') + 1);
        cr_expect_not_null(strstr(text.data, key), "%s", name.text);
    }
    config_free(plain);
    config_report_fini(&none);
    buf_fini(&text);
}

Test(config_default, the_yaml_file_has_every_option_and_changes_nothing)
{
    check_file(false);
}

Test(config_default, the_json_file_has_every_option_and_changes_nothing)
{
    check_file(true);
}

Test(config_default, the_yaml_file_says_what_options_do)
{
    buf text = {0};

    config_write_default(&text, false);
    buf_append_char(&text, '\0');
    cr_expect_not_null(strstr(text.data, "  # port to listen on; 0 = any free one\n"
                                         "  port: 8000\n"));
    cr_expect_not_null(strstr(text.data, "log:\n  # least important lines to log: trace, debug, "
                                         "info, warn, error, fatal, none\n  level: \"info\"\n"));
    buf_fini(&text);
}
