/* SPDX-License-Identifier: MIT */
#include "load_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    STEP_US = 20,
    STEPS = 500000,
    PRINTED = 20
}; /* 10 s of 20 us each; longer ones count as 10 s */

static uint32_t latencies[STEPS];
static uint64_t latency_count;
static uint64_t wrong_count;

void load_latency_add(uint64_t ns)
{
    uint64_t step = ns / 1000 / STEP_US;

    latencies[step < STEPS ? step : STEPS - 1]++;
    latency_count++;
}

void load_latency_clear(void)
{
    memset(latencies, 0, sizeof latencies);
    latency_count = 0;
}

uint64_t load_latency_us(double share)
{
    uint64_t wanted = (uint64_t)((double)latency_count * share);
    uint64_t seen = 0;

    for (uint64_t step = 0; step < STEPS; step++) {
        seen += latencies[step];
        if (seen >= wanted)
            return (step + 1) * STEP_US;
    }
    return (uint64_t)STEPS * STEP_US;
}

void load_wrong(const char *format, ...)
{
    va_list args;

    if (++wrong_count > PRINTED)
        return;
    va_start(args, format);
    (void)fputs("WRONG: ", stdout);
    (void)vprintf(format, args);
    (void)fputc('\n', stdout);
    va_end(args);
}

uint64_t load_wrong_count(void)
{
    return wrong_count;
}
