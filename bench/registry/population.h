/* SPDX-License-Identifier: MIT */
/*
 * The items in a subject while it is measured: who is there, in no order that memory knows, and
 * new ones to take the places of old ones. One thread at a time.
 */
#ifndef BENCH_POPULATION_H
#define BENCH_POPULATION_H

#include "subject.h"

typedef struct population {
    const subject *subject;
    void *self;   /* the subject's object */
    item **items; /* those in it */
    size_t count;
    uint64_t last_id;
    uint64_t random; /* state of population_random() */
    size_t bytes;    /* malloc'd by the subject for all of them, their headers included */
} population;

/* Creates the subject and adds `count` items. Ends the process without memory. */
void population_init(population *p, const subject *s, size_t count);
/* Ends the subject and frees all items. */
void population_fini(population *p);

/* Uniform in [0, bound). */
size_t population_random(population *p, size_t bound);

/* An item that is in no subject. */
item *population_new_item(population *p);

/* Notes that `in` was added and one of the others, chosen by chance, is to be removed: that one. */
item *population_swap(population *p, item *in);

/* The ids of all items in random order; the caller frees the array. */
uint64_t *population_ids(population *p);

#endif
