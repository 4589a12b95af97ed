/* SPDX-License-Identifier: MIT */
/* The measurements of one subject with a given number of items. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "population.h"

/* What all measurements are told. */
typedef struct settings {
    unsigned window_ms;  /* how long one run of the headline measurement takes */
    unsigned work_spins; /* the work of a broadcast on each item */
    unsigned repeats;    /* how often each measurement is made; the median counts; 1 to 9 */
} settings;

/* Latencies in nanoseconds. */
typedef struct latencies {
    double p50, p99, max;
} latencies;

/* Look-ups of items in random order, nothing else going on: nanoseconds of one on one thread while
 * `readers` threads do it. */
double measure_lookup(population *p, const settings *s, unsigned readers);

/* As above, by one thread and without any protection; 0 if the subject has no such look-up. */
double measure_lookup_unlocked(population *p, const settings *s);

/* A walk over all items that only reads each: nanoseconds per item. */
double measure_traverse(population *p, const settings *s);

/* As above, while two threads do it: nanoseconds per item of one of them. */
double measure_traverse_together(population *p, const settings *s);

/* Adding a new item and removing an old one: nanoseconds for both. */
double measure_add_remove(population *p, const settings *s);

/* While another thread broadcasts without pause, an item is added or removed every half
 * millisecond: how long after its time that was done. */
void measure_registration(population *p, const settings *s, latencies *add, latencies *remove);

/* While another thread broadcasts without pause: look-ups of one thread per second. */
double measure_lookups_during_broadcast(population *p, const settings *s);

#endif
