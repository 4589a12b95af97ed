/* SPDX-License-Identifier: MIT */
/*
 * The figures of the demo dashboard: what this machine and this server are doing, as JSON payloads
 * of the `demo:*` channels. Knows nothing of publishing; its only effect is reading /proc.
 *
 * Rates are averages over the last second, however often it samples: the kernel counts CPU time in
 * ticks of 10 ms, so that the tenth of a second between two samples alone would be too coarse.
 *
 * A sampler belongs to one thread at a time.
 */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

#include <stdint.h>

#include "buf.h"

enum {
    DEMO_MAX_CORES = 256,  /* further cores count in the total only */
    DEMO_CHANNEL_COUNT = 6 /* length of demo_channels[] */
};

typedef struct demo_sampler demo_sampler;

/* What only the server knows about itself. */
typedef struct demo_server_figures {
    uint64_t connections;   /* now */
    uint64_t subscriptions; /* now */
    uint64_t deliveries;    /* since the start; the sampler makes rates of this and the next two */
    uint64_t publications;
    uint64_t bytes;
    uint64_t loop_lag_us; /* now */
} demo_server_figures;

/*
 * Makes a sampler; demo_sampler_free() ends it.
 *
 *   proc_root  "/proc", or a directory that looks like it; not kept. If it or a file in it cannot
 *              be read, the figures from there are 0.
 *
 * returns   NULL: out of memory
 */
demo_sampler *demo_sampler_new(const char *proc_root);

/* demo_sampler_free(NULL) is harmless. */
void demo_sampler_free(demo_sampler *s);

/*
 * Takes a sample. The first has no rates yet (all 0). A counter that went back, or that was not
 * there before, has rate 0 until there is something to compare with; so has everything after the
 * clock was set back.
 *
 *   now_ms  wall clock, milliseconds since 1970; becomes "t" of every payload
 *   server  copied
 *
 * cost      five small files are read, into memory the sampler has
 */
void demo_sample(demo_sampler *s, uint64_t now_ms, const demo_server_figures *server);

/* A channel and the function that appends its payload, one JSON object made of the last sample. */
typedef struct demo_channel {
    view name;
    void (*write)(const demo_sampler *s, buf *out); /* out of memory: out->failed */
} demo_channel;

/*
 * The channels. "t" is the time of the sample in ms, percentages run from 0 to 100.
 *   demo:cpu      t, cores [percent, by number of the core; 0 for one that is off], total percent
 *   demo:memory   t, used, available, total, swap_used: bytes
 *   demo:load     t, load1, load5, load15, tasks
 *   demo:network  t, rx, tx: bytes per second over all interfaces but the loopback
 *   demo:disk     t, read, write: bytes per second over all disks
 *   demo:server   t, connections, subscriptions, deliveries, publications, bytes: the last three
 *                 per second; loop_lag_us
 */
extern const demo_channel demo_channels[DEMO_CHANNEL_COUNT];

#endif
