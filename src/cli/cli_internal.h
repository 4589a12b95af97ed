/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef CLI_CLI_INTERNAL_H
#define CLI_CLI_INTERNAL_H

#include <stdbool.h>

#include "cli.h"
#include "config.h"

/* One file each. */
int cli_help(int argc, char *const *argv, char *const *envp);
int cli_version(int argc, char *const *argv, char *const *envp);
int cli_checkconfig(int argc, char *const *argv, char *const *envp);
int cli_configdoc(int argc, char *const *argv, char *const *envp);
int cli_defaultconfig(int argc, char *const *argv, char *const *envp);
int cli_completion(int argc, char *const *argv, char *const *envp);

/* Two in a file: for connections, for subscriptions. */
int cli_gentoken(int argc, char *const *argv, char *const *envp);
int cli_gensubtoken(int argc, char *const *argv, char *const *envp);
int cli_checktoken(int argc, char *const *argv, char *const *envp);
int cli_checksubtoken(int argc, char *const *argv, char *const *envp);

/* Prints "gracecast NAME: ..." and how the command is called; returns the exit status for that. */
int cli_misuse(const char *name, const char *what);

/* Which of `words`, ended by NULL, the only argument is; `preset` if there is none,
 * -1 if it is none of them. */
int cli_choose(int argc, char *const *argv, const char *const *words, int preset);

/* ---- what the commands about tokens are called with ---- */

typedef struct token_args {
    view user;
    view channel;
    view token;    /* of the commands that check one */
    int64_t ttl_s; /* 0: for ever */
    bool quiet;
    char **options; /* the rest: argv of the server, ended by NULL */
    int option_count;
} token_args;

/* Takes the arguments apart; the argument without a dash at the end is the token if there may be one.
 * false: reported. token_args_fini() in both cases. */
bool token_args_read(token_args *out, bool takes_token, int argc, char *const *argv);
void token_args_fini(token_args *args);

/* The configuration that these options make. NULL: reported. */
config *token_args_config(const token_args *args, char *const *envp);

/* Those of subscriptions, or those that serve for them. */
const config_token *token_keys(const config *cfg, bool subscription);

/* ---- what the shells read ---- */

void complete_bash(buf *out);
void complete_zsh(buf *out);

#endif
