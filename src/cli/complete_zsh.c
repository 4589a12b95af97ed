/* SPDX-License-Identifier: MIT */
/* The function by which zsh completes our command lines. */
#include "cli_internal.h"
#include "option.h"

static const char script_begin[] =
    "#compdef gracecast\n"
    "# zsh completion for gracecast, written by: gracecast completion zsh\n"
    "_gracecast() {\n"
    "  local -a commands\n"
    "  commands=(\n";

static const char script_commands[] = "  )\n"
                                      "  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
                                      "    _describe command commands\n"
                                      "    return\n"
                                      "  fi\n"
                                      "  case $words[2] in\n";

static const char script_options[] = "    [^-]*)\n"
                                     "      shift words\n"
                                     "      (( CURRENT-- ))\n"
                                     "      ;;\n"
                                     "  esac\n"
                                     "  _arguments";

static const char script_end[] = "\n"
                                 "}\n"
                                 "compdef _gracecast gracecast\n"
                                 "[[ $funcstack[1] != _gracecast ]] || _gracecast \"$@\"\n";

/* Within single quotes, and where zsh takes brackets and colons for its own. */
static void write_text(buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buf_append_lit(out, "'\\'");
        else if (strchr("[]:\\", *text) != NULL)
            buf_append_char(out, '\\');
        buf_append_char(out, *text);
    }
}

/* Of a switch only the flag is offered, which sets it. */
static void write_value(buf *out, const option *o)
{
    if (o->type == OPTION_BOOL)
        return;
    if (o->type != OPTION_CHOICE) {
        buf_append_view(out, view_of(o->letter == 'c' ? ":file:_files" : ":value: "));
        return;
    }
    buf_append_lit(out, ":word:(");
    for (size_t i = 0; o->choices[i] != NULL; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : " ", o->choices[i]);
    buf_append_char(out, ')');
}

static void write_flag(buf *out, const option *o, const char *flag)
{
    buf_printf(out, " \\\n    '--%s%s[", flag, o->type == OPTION_BOOL ? "" : "=");
    write_text(out, o->help);
    buf_append_char(out, ']');
    write_value(out, o);
    buf_append_char(out, '\'');
}

static void write_command(buf *out, const cli_command *c)
{
    buf_printf(out, "    '%s:", c->name);
    write_text(out, c->help);
    buf_append_lit(out, "'\n");
}

static void write_words(buf *out, const cli_command *c)
{
    if (c->words == NULL)
        return;
    buf_printf(out, "    %s)\n", c->name);
    if (*c->words != '\0')
        buf_printf(out, "      (( CURRENT > 3 )) || compadd -- %s\n", c->words);
    buf_append_lit(out, "      return\n      ;;\n");
}

void complete_zsh(buf *out)
{
    option_name name;

    buf_append_lit(out, script_begin);
    for (size_t i = 0; i < cli_commands.count; i++)
        write_command(out, &cli_commands.items[i]);
    buf_append_lit(out, script_commands);
    for (size_t i = 0; i < cli_commands.count; i++)
        write_words(out, &cli_commands.items[i]);
    buf_append_lit(out, script_options);
    for (size_t i = 0; i < option_count(); i++) {
        const option *o = option_at(i, &name);

        if (o->flag != NULL)
            write_flag(out, o, o->flag);
        write_flag(out, o, name.text);
    }
    buf_append_lit(out, script_end);
}
