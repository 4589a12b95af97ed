/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef CLI_CLI_INTERNAL_H
#define CLI_CLI_INTERNAL_H

#include "cli.h"

/* One file each. */
int cli_help(int argc, char *const *argv, char *const *envp);
int cli_version(int argc, char *const *argv, char *const *envp);
int cli_checkconfig(int argc, char *const *argv, char *const *envp);
int cli_defaultconfig(int argc, char *const *argv, char *const *envp);
int cli_completion(int argc, char *const *argv, char *const *envp);

/* Prints "gracecast NAME: ..." and how the command is called; returns the exit status for that. */
int cli_misuse(const char *name, const char *what);

/* Which of `words`, ended by NULL, the only argument is; `preset` if there is none,
 * -1 if it is none of them. */
int cli_choose(int argc, char *const *argv, const char *const *words, int preset);

/* ---- what the shells read ---- */

void complete_bash(buf *out);
void complete_zsh(buf *out);

#endif
