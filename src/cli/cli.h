/* SPDX-License-Identifier: MIT */
/* The commands of the program: `gracecast NAME ARGUMENT...`. Without one it is the server. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stddef.h>
#include <stdio.h>

#include "buf.h"
#include "view.h"

typedef struct cli_command {
    const char *name;
    const char *arguments; /* as help shows them; "" for none */
    const char *help;      /* one line */
    const char
        *words; /* what completion offers for the first argument; NULL: the server's options */
    /* Returns the exit status. argv[0] is the command's name, argv[argc] is NULL. */
    int (*run)(int argc, char *const *argv, char *const *envp);
} cli_command;

typedef struct cli_table {
    const cli_command *items;
    size_t count;
} cli_table;

extern const cli_table cli_commands;

/* NULL: there is no such command. */
const cli_command *cli_find(view name);

/* Writes all of it; whoever listens no more is no error. */
void cli_print(FILE *to, const buf *text);

#endif
