/* SPDX-License-Identifier: MIT */
/* The tables of docs/configuration.md. */
#include <stdio.h>

#include "config.h"
#include "option.h"

/* Bars would end the cell. */
static void write_cell(buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            buf_append_char(out, '\\');
        buf_append_char(out, *text);
    }
}

static void write_row(buf *out, const option *o, const char *name)
{
    buf_printf(out, "| `%s` |%s | ", name, option_value_name(o->type));
    if (*o->preset != '\0')
        buf_printf(out, "`%s`", o->preset);
    buf_append_lit(out, " | ");
    write_cell(out, o->help);
    option_write_choices(out, o);
    if (o->flag != NULL)
        buf_printf(out, "; also `--%s`", o->flag);
    if (o->letter != 0)
        buf_printf(out, ", `-%c`", o->letter);
    buf_printf(out, " | %s |\n", o->flag_only ? "flag" : o->at_start ? "start" : "reload");
}

static void write_head(buf *out, const char *title)
{
    buf_printf(out,
               "\n## %s\n\n| option | value | default | meaning | read at |\n"
               "| --- | --- | --- | --- | --- |\n",
               title);
}

static void write_table(buf *out, const option_table *table, const char *other_title)
{
    view section = {0};
    char title[64];

    for (size_t i = 0; i < table->count; i++) {
        const option *o = &table->items[i];
        view of = other_title != NULL ? view_of(other_title) : option_section(o);

        if (i == 0 || !view_eq(of, section)) {
            (void)snprintf(title, sizeof title, "%.*s", (int)of.len, of.ptr);
            write_head(out, of.len == 0 ? "The process" : title);
        }
        section = of;
        write_row(out, o, o->name);
    }
}

void config_write_markdown(buf *out)
{
    write_table(out, &options_of_server, NULL);
    write_table(out, &options_of_channel, "Options of channels");
}
