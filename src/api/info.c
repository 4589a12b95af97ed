/* SPDX-License-Identifier: MIT */
/* The method `info`: this node in figures. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api_internal.h"
#include "clock.h"

/* Resident memory in bytes; 0 where it cannot be read. */
static uint64_t resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long long pages = 0;

    if (f == NULL)
        return 0;
    if (fscanf(f, "%*u %llu", &pages) != 1)
        pages = 0;
    (void)fclose(f);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Seconds of CPU time used so far. */
static double cpu_seconds(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

api_outcome api_info(api_call *call, view params)
{
    const api *a = call->api;
    hub_figures figures = hub_count(a->hub);
    metrics sum = {0};
    buf *out = call->result;
    uint64_t uptime_ms = clock_mono_ms() - a->started_ms;

    (void)params;
    hub_metrics(a->hub, &sum);
    buf_append_lit(out, "{\"nodes\":[{\"uid\":");
    json_write_string(out, view_of(a->node_uid));
    buf_append_lit(out, ",\"name\":");
    json_write_string(out, view_of(a->node_name));
    buf_append_lit(out, ",\"version\":\"" GRACECAST_VERSION " Gracecast\"");
    buf_printf(out,
               ",\"num_clients\":%llu,\"num_users\":%llu,\"num_channels\":%llu,\"num_subs\":%llu,"
               "\"uptime\":%llu,\"metrics\":{\"interval\":%.3f,\"items\":",
               (unsigned long long)figures.clients, (unsigned long long)figures.users,
               (unsigned long long)figures.channels, (unsigned long long)figures.subscriptions,
               (unsigned long long)(uptime_ms / 1000),
               (double)uptime_ms / 1000.0); /* what the items count, they count from the start */
    metrics_write_json(out, &sum);
    buf_printf(out, "},\"process\":{\"cpu\":%.2f,\"rss\":%llu}}]}",
               uptime_ms == 0 ? 0.0 : cpu_seconds() * 100.0 * 1000.0 / (double)uptime_ms,
               (unsigned long long)resident_bytes());
    return API_DONE;
}
