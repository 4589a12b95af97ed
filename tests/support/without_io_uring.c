/* SPDX-License-Identifier: MIT */
/* without_io_uring COMMAND [ARGUMENT]...: runs it where io_uring is forbidden. */
#include <stdio.h>
#include <unistd.h>

#include "no_io_uring.h"

int main(int argc, char **argv)
{
    if (argc < 2 || !no_io_uring()) {
        perror("without_io_uring");
        return 2;
    }
    (void)execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 127;
}
