/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli_internal.h"

static const cli_command items[] = {
    {"checkconfig", "[OPTION]...", "say whether the server would start with these options", NULL,
     cli_checkconfig},
    {"defaultconfig", "[yaml|json]", "print a file with every option at its default", "yaml json",
     cli_defaultconfig},

    {"configdoc", "", "print the tables of docs/configuration.md", "", cli_configdoc},

    {"gentoken", "[-u USER] [-t SECONDS] [-q] [OPTION]...",
     "print a connection token signed with client.token.hmac_secret_key", NULL, cli_gentoken},
    {"gensubtoken", "-s CHANNEL [-u USER] [-t SECONDS] [-q] [OPTION]...",
     "print a subscription token", NULL, cli_gensubtoken},
    {"checktoken", "[OPTION]... TOKEN", "say whether a connection token is valid, and why not",
     NULL, cli_checktoken},
    {"checksubtoken", "[OPTION]... TOKEN", "say the same of a subscription token", NULL,
     cli_checksubtoken},

    {"completion", "bash|zsh", "print what a shell needs to complete options", "bash zsh",
     cli_completion},

    {"help", "", "print this text", "", cli_help},
    {"version", "", "print the version", "", cli_version},
};

const cli_table cli_commands = {.items = items, .count = sizeof items / sizeof *items};

const cli_command *cli_find(view name)
{
    for (size_t i = 0; i < cli_commands.count; i++) {
        if (view_eq(view_of(items[i].name), name))
            return &items[i];
    }
    return NULL;
}

void cli_print(FILE *to, const buf *text)
{
    if (text->len == 0)
        return; /* an empty buffer has no data to point to */
    /* nowhere to report a failure to */
    (void)!fwrite(text->data, 1, text->len, to);
}

int cli_misuse(const char *name, const char *what)
{
    const cli_command *c = cli_find(view_of(name));

    (void)fprintf(stderr, "gracecast %s: %s\nUsage: gracecast %s %s\n", name, what, name,
                  c == NULL ? "" : c->arguments);
    return 1;
}

int cli_choose(int argc, char *const *argv, const char *const *words, int preset)
{
    if (argc == 1)
        return preset;
    for (int i = 0; argc == 2 && words[i] != NULL; i++) {
        if (strcmp(argv[1], words[i]) == 0)
            return i;
    }
    return -1;
}
