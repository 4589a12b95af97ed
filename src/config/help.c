/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "option.h"

static const char intro[] =
    "Every option can be a flag, a variable or an entry of the file, and counts in that order:\n"
    "  --client.ping_interval=25s  or  --client.ping_interval 25s\n"
    "  GRACECAST_CLIENT_PING_INTERVAL=25s\n"
    "  client: {ping_interval: 25s}\n"
    "The names are Centrifugo's; its variables, CENTRIFUGO_..., are read as well.\n"
    "In parentheses: the default.\n";

static const char channel_intro[] =
    "\n"
    "channel.without_namespace.* and the entries of channel.namespaces:\n";

static void write_option(buf *out, const char *dashes, const option *o)
{
    bool shows_default = *o->preset != '\0' && o->type != OPTION_BOOL;

    buf_append_lit(out, "  ");
    if (o->letter != 0)
        buf_printf(out, "-%c, ", o->letter);
    if (o->flag != NULL)
        buf_printf(out, "--%s, ", o->flag);
    buf_printf(out, "%s%s%s", dashes, o->name, option_value_name(o->type));
    if (shows_default)
        buf_printf(out, "  (%s)", o->preset);
    buf_printf(out, "\n      %s", o->help);
    option_write_choices(out, o);
    buf_append_char(out, '\n');
}

void config_write_help(buf *out)
{
    view section = {0};

    buf_append_lit(out, intro);
    for (size_t i = 0; i < options_of_server.count; i++) {
        const option *o = &options_of_server.items[i];

        if (i == 0 || !view_eq(option_section(o), section))
            buf_append_char(out, '\n');
        section = option_section(o);
        write_option(out, "--", o);
    }
    buf_append_lit(out, channel_intro);
    for (size_t i = 0; i < options_of_channel.count; i++)
        write_option(out, "", &options_of_channel.items[i]);
}
