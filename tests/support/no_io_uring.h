/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_NO_IO_URING_H
#define SUPPORT_NO_IO_URING_H

#include <stdbool.h>

/* From now on the kernel refuses this process, and what it starts, all of io_uring with EPERM, as
 * containers often are. false: with errno. */
bool no_io_uring(void);

#endif
