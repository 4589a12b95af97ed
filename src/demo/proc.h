/* SPDX-License-Identifier: MIT */
/* What /proc says at one moment (proc(5)). For the rest of this room. */
#ifndef DEMO_PROC_H
#define DEMO_PROC_H

#include <stdbool.h>
#include <stdint.h>

#include "demo.h"

enum { PROC_FILE_MAX = 65536 }; /* bytes; what a longer file says after them is not read */

/* Something that only grows, until it starts again at 0. */
typedef struct proc_counter {
    uint64_t value;
    bool known; /* false: the file was missing or said nothing */
} proc_counter;

/* Ticks since the machine started. */
typedef struct proc_cpu {
    uint64_t busy;
    uint64_t total; /* 0: not known, or the core is off */
} proc_cpu;

typedef struct proc_reading {
    proc_cpu cpu; /* all cores together */
    proc_cpu cores[DEMO_MAX_CORES];
    unsigned core_count;   /* the highest number of a core that is on, plus 1 */
    uint64_t memory_total; /* bytes, as are the next two */
    uint64_t memory_available;
    uint64_t swap_used;
    uint64_t load_hundredths[3]; /* over 1, 5 and 15 minutes */
    uint64_t tasks;
    proc_counter net_rx; /* bytes, as are the next three */
    proc_counter net_tx;
    proc_counter disk_read;
    proc_counter disk_write;
} proc_reading;

/*
 * Reads all files.
 *
 *   proc_fd  the directory; a number that is no descriptor makes a reading of zeros
 *   scratch  PROC_FILE_MAX bytes
 */
void proc_read(int proc_fd, char *scratch, proc_reading *out);

#endif
