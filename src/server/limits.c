/* SPDX-License-Identifier: MIT */
/* What the system lets us have. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "server_internal.h"

enum {
    RESERVED = 64, /* standard streams, files that are opened for a moment, room to spare */
    RESERVED_PER_WORKER = 16, /* listening sockets, epoll, eventfd, spare descriptor */
    MAX_DESCRIPTORS = 4194304 /* tables sized by the limit stay small even if it is "unlimited" */
};

uint32_t limits_raise_descriptors(unsigned workers)
{
    struct rlimit limit;
    rlim_t reserved = RESERVED + (rlim_t)workers * RESERVED_PER_WORKER;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        log_error("LIMIT-DESCRIPTORS", "error=\"%s\"", strerror(errno));
        return 0;
    }
    if (limit.rlim_max > MAX_DESCRIPTORS)
        limit.rlim_max = MAX_DESCRIPTORS;

    rlim_t before = limit.rlim_cur;

    limit.rlim_cur = limit.rlim_max;
    if (before < limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        log_warn("LIMIT-DESCRIPTORS", "wanted=%llu kept=%llu error=\"%s\"",
                 (unsigned long long)limit.rlim_cur, (unsigned long long)before, strerror(errno));
        limit.rlim_cur = before;
    }
    return limit.rlim_cur > reserved ? (uint32_t)(limit.rlim_cur - reserved) : 0;
}

unsigned limits_cpu_count(void)
{
    cpu_set_t usable;

    if (sched_getaffinity(0, sizeof usable, &usable) != 0)
        return 1;
    return (unsigned)CPU_COUNT(&usable);
}
