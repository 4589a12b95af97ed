/* SPDX-License-Identifier: MIT */
/* What is counted: latencies, and what was wrong. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include <stdint.h>

/* Remembers one time between publishing and arrival. */
void load_latency_add(uint64_t ns);

/* Forgets all that were remembered. */
void load_latency_clear(void);

/* The time in microseconds that `share` (0.99 for p99) of them do not exceed. */
uint64_t load_latency_us(double share);

/* Something is not as it must be: counted, and the first of them printed. */
void load_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

uint64_t load_wrong_count(void);

#endif
