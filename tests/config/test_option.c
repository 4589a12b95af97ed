/* SPDX-License-Identifier: MIT */
#include "option.h"

#include <criterion/criterion.h>

#include "foreign.h"
#include "value.h"

static void expect_good_presets(const option_table *table, void *object)
{
    config_report unused = {0};
    const place at = {.report = &unused};

    for (size_t i = 0; i < table->count; i++) {
        const option *o = &table->items[i];
        option_ref ref = {.option = o, .field = option_field(o, object)};

        if (o->type == OPTION_NAMESPACES)
            continue;
        cr_expect(value_set(ref, view_of(o->preset), &at), "%s", o->name);
        value_fini(ref);
    }
    cr_expect_eq(unused.error_count, 0);
    config_report_fini(&unused);
}

Test(config_option, defaults_are_values_that_a_user_may_write)
{
    config c = {0};

    expect_good_presets(&options_of_server, &c);
    expect_good_presets(&options_of_channel, &c.channel.without_namespace);
}

static void expect_own_bytes(const option_table *table, size_t from, size_t to)
{
    for (size_t i = 0; i < table->count; i++) {
        cr_expect_geq(table->items[i].offset, from);
        cr_expect_lt(table->items[i].offset, to);
        for (size_t j = 0; j < i; j++) {
            cr_expect_neq(table->items[i].offset, table->items[j].offset, "%s and %s share a field",
                          table->items[i].name, table->items[j].name);
            cr_expect_str_neq(table->items[i].name, table->items[j].name);
        }
    }
}

Test(config_option, each_has_a_field_and_a_name_of_its_own)
{
    expect_own_bytes(&options_of_server, 0, sizeof(config));
    expect_own_bytes(&options_of_channel, 0, sizeof(channel_options));
}

Test(config_option, is_found_by_name_variable_and_flag)
{
    config c = {0};
    option_ref by_name = option_by_name(&c, VIEW_LIT("channel.without_namespace.presence"));

    cr_expect_eq(by_name.field, &c.channel.without_namespace.presence);
    cr_expect_eq(option_by_variable(&c, VIEW_LIT("CHANNEL_WITHOUT_NAMESPACE_PRESENCE")).field,
                 by_name.field);
    cr_expect_eq(option_by_flag(&c, VIEW_LIT("port"), false).field, &c.http_server.port);
    cr_expect_eq(option_by_flag(&c, VIEW_LIT("p"), true).field, &c.http_server.port);
    cr_expect_null(option_by_flag(&c, VIEW_LIT("p"), false).option);
    cr_expect_null(option_by_flag(&c, VIEW_LIT("demo"), true).option);
    cr_expect_null(option_by_name(&c, VIEW_LIT("presence")).option);
    cr_expect_null(option_by_name(&c, VIEW_LIT("channel.without_namespace.")).option);
    cr_expect_null(option_by_name(&c, VIEW_LIT("")).option);
    cr_expect_null(option_by_variable(&c, VIEW_LIT("client.insecure")).option);
}

Test(config_option, names_are_sections_only_with_a_dot_behind)
{
    cr_expect(option_is_section(VIEW_LIT("client")));
    cr_expect(option_is_section(VIEW_LIT("channel")));
    cr_expect(option_is_section(VIEW_LIT("channel.without_namespace")));
    cr_expect_not(option_is_section(VIEW_LIT("clien")));
    cr_expect_not(option_is_section(VIEW_LIT("client.insecure")));
    cr_expect_not(option_is_section(VIEW_LIT("")));
}

Test(config_option, that_we_have_is_not_among_those_that_we_lack)
{
    for (size_t i = 0; i < options_of_server.count; i++)
        cr_expect_eq(foreign_option(view_of(options_of_server.items[i].name), VIEW_LIT("x")),
                     FOREIGN_UNKNOWN, "%s", options_of_server.items[i].name);
    for (size_t i = 0; i < options_of_channel.count; i++)
        cr_expect_eq(
            foreign_channel_option(view_of(options_of_channel.items[i].name), VIEW_LIT("x")),
            FOREIGN_UNKNOWN, "%s", options_of_channel.items[i].name);
}
