/* SPDX-License-Identifier: MIT */
/* The script by which bash completes our command lines. */
#include "cli_internal.h"
#include "option.h"

/* "=" breaks words in bash: "--name=value" is three of them. */
static const char script_begin[] =
    "# bash completion for gracecast, written by: gracecast completion bash\n"
    "_gracecast() {\n"
    "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "  local flag='' after_sign='' words=''\n"
    "  COMPREPLY=()\n"
    "  if [[ $current == '=' ]]; then\n"
    "    flag=$before after_sign=1 current=''\n"
    "  elif [[ $before == '=' ]] && (( COMP_CWORD > 1 )); then\n"
    "    flag=${COMP_WORDS[COMP_CWORD - 2]} after_sign=1\n"
    "  elif [[ $before == -* ]]; then\n"
    "    flag=$before\n"
    "  fi\n"
    "  case $flag in\n"
    "    -c | --config)\n"
    "      compopt -o filenames 2>/dev/null\n"
    "      mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
    "      return\n"
    "      ;;\n";

static const char script_options[] = "    '') ;;\n"
                                     "    *) return ;;\n"
                                     "  esac\n"
                                     "  if [[ -z $words ]]; then\n"
                                     "    compopt -o nospace 2>/dev/null\n"
                                     "    words=$_gracecast_options\n"
                                     "  fi\n";

static const char script_end[] =
    "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
    "  [[ ${COMPREPLY[0]-} == *= ]] || compopt +o nospace 2>/dev/null\n"
    "}\n"
    "complete -F _gracecast gracecast\n";

/* "    -p | --port | --http_server.port" */
static void write_pattern(buf *out, const option *o, const char *name)
{
    buf_append_lit(out, "    ");
    if (o->letter != 0)
        buf_printf(out, "-%c | ", o->letter);
    if (o->flag != NULL)
        buf_printf(out, "--%s | ", o->flag);
    buf_printf(out, "--%s", name);
}

static void write_case(buf *out, const option *o, const char *name)
{
    if (o->type != OPTION_BOOL && o->type != OPTION_CHOICE)
        return;
    write_pattern(out, o, name);
    buf_append_lit(out, ") ");
    if (o->type == OPTION_BOOL)
        buf_append_lit(out, "[[ -z $after_sign ]] || words='true false'");
    for (size_t i = 0; o->choices[i] != NULL; i++)
        buf_printf(out, "%s%s", i == 0 ? "words='" : " ", o->choices[i]);
    buf_printf(out, "%s ;;\n", o->type == OPTION_CHOICE ? "'" : "");
}

static void write_word(buf *out, const option *o, const char *name)
{
    const char *sign = o->type == OPTION_BOOL ? "" : "=";

    if (o->flag != NULL)
        buf_printf(out, " --%s%s", o->flag, sign);
    buf_printf(out, " --%s%s", name, sign);
}

static void for_each_option(buf *out, void (*write)(buf *out, const option *o, const char *name))
{
    option_name name;

    for (size_t i = 0; i < option_count(); i++) {
        const option *o = option_at(i, &name);

        write(out, o, name.text);
    }
}

/* The first word may be a command; some commands have words of their own. */
static void write_commands(buf *out)
{
    buf_append_lit(out, "  case $COMP_CWORD:${COMP_WORDS[1]} in\n    1:-*) ;;\n    1:*) words='");
    for (size_t i = 0; i < cli_commands.count; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : " ", cli_commands.items[i].name);
    buf_append_lit(out, "' ;;\n");
    for (size_t i = 0; i < cli_commands.count; i++) {
        const cli_command *c = &cli_commands.items[i];

        if (c->words != NULL)
            buf_printf(out, "    2:%s) words='%s' ;;\n    *:%s) return ;;\n", c->name, c->words,
                       c->name);
    }
    buf_append_lit(out, "  esac\n");
}

void complete_bash(buf *out)
{
    buf_append_lit(out, script_begin);
    for_each_option(out, write_case);
    buf_append_lit(out, script_options);
    write_commands(out);
    buf_append_lit(out, script_end);
    buf_append_lit(out, "_gracecast_options='");
    for_each_option(out, write_word);
    buf_append_lit(out, "'\n");
}
