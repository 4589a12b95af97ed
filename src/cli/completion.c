/* SPDX-License-Identifier: MIT */
#include "cli_internal.h"

int cli_completion(int argc, char *const *argv, char *const *envp)
{
    static const char *const shells[] = {"bash", "zsh", NULL};
    int shell = cli_choose(argc, argv, shells, -1);
    buf text = {0};

    (void)envp;
    if (shell < 0)
        return cli_misuse(argv[0], "the shell is bash or zsh");
    if (shell == 0)
        complete_bash(&text);
    else
        complete_zsh(&text);
    cli_print(stdout, &text);
    buf_fini(&text);
    return 0;
}
