/* SPDX-License-Identifier: MIT */
/* Processor time and memory of other processes, from /proc; and which processor runs what. */
#ifndef FANOUT_CPU_H
#define FANOUT_CPU_H

#include <stdint.h>
#include <sys/types.h>

typedef struct cpu_time {
    uint64_t ns;         /* exact: on a processor, all threads together */
    uint64_t softirq_ns; /* of ksoftirqd on the servers' processor, where a server's work may end */
    uint64_t user_ticks; /* sampled by the timer: only good for the share of the two */
    uint64_t system_ticks;
} cpu_time;

/* Of process `pid` since its start; zeros if there is none. */
cpu_time cpu_time_of(pid_t pid);

/* b - a */
cpu_time cpu_time_between(cpu_time a, cpu_time b);

/* Bytes of memory that are resident; 0 if there is no such process. */
uint64_t cpu_rss_of(pid_t pid);

/* The calling process runs on the servers' processor, the first that it may use, or on the
 * clients', the second if there are two. */
void cpu_pin_server(void);
void cpu_pin_client(void);

/* How many processors this process may use; call before it is pinned. */
int cpu_count(void);

#endif
