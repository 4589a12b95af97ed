/* SPDX-License-Identifier: MIT */
#include "population.h"

#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static size_t bytes_in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* xorshift64* (Vigna 2016): the same sequence for every subject. */
size_t population_random(population *p, size_t bound)
{
    p->random ^= p->random >> 12;
    p->random ^= p->random << 25;
    p->random ^= p->random >> 27;
    return (size_t)(((p->random * 0x2545f4914f6cdd1du) >> 32) * bound >> 32);
}

item *population_new_item(population *p)
{
    return item_new(p->subject->header, ++p->last_id);
}

static void die_unless(bool good, const population *p, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "bench-registry: %s: %s failed\n", p->subject->name, what);
    abort();
}

/* A thousand at a time, so that an actor is not waited for after each. */
static void submit_all(population *p)
{
    enum { BATCH = 1000 };
    op *ops = calloc(BATCH, sizeof *ops);

    if (ops == NULL)
        abort();
    for (size_t done = 0, batch = 0; done < p->count; done += batch) {
        batch = p->count - done < BATCH ? p->count - done : BATCH;
        for (size_t i = 0; i < batch; i++) {
            item *it = p->items[done + i];

            ops[i] = (op){.kind = OP_ADD, .it = it, .id = it->id};
            p->subject->submit(p->self, &ops[i]);
        }
        for (size_t i = 0; i < batch; i++) {
            while (atomic_load_explicit(&ops[i].x_done_ns, memory_order_acquire) ==
                   0) /* PAIRS reply() */
                (void)sched_yield();
            die_unless(ops[i].good, p, "adding");
        }
    }
    free(ops);
}

static void add_all(population *p)
{
    if (p->subject->enter != NULL)
        p->subject->enter(p->self);
    for (size_t i = 0; i < p->count; i++) {
        die_unless(p->subject->add(p->self, p->items[i]), p, "adding");
        if (p->subject->pause != NULL)
            p->subject->pause(p->self);
    }
    if (p->subject->leave != NULL)
        p->subject->leave(p->self);
}

void population_init(population *p, const subject *s, size_t count)
{
    const struct timespec calm = {.tv_nsec = 50000000}; /* for tables that grow in the background */
    size_t before = 0;

    *p = (population){.subject = s, .count = count, .random = 0x9e3779b97f4a7c15u};
    p->items = calloc(count, sizeof(item *));
    if (p->items == NULL)
        abort();
    for (size_t i = 0; i < count; i++) { /* shuffled as it is built (Fisher and Yates 1938) */
        size_t j = population_random(p, i + 1);

        p->items[i] = p->items[j];
        p->items[j] = population_new_item(p);
    }
    before = bytes_in_use();
    p->self = s->create(s);
    if (s->submit != NULL)
        submit_all(p);
    else
        add_all(p);
    if (s->filled != NULL)
        s->filled(p->self, count);
    if (s->settle != NULL)
        s->settle(p->self);
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &calm, NULL);
    p->bytes = bytes_in_use() - before + count * s->header;
}

void population_fini(population *p)
{
    p->subject->destroy(p->self);
    for (size_t i = 0; i < p->count; i++)
        item_free(p->items[i], p->subject->header);
    free(p->items);
    *p = (population){0};
}

item *population_swap(population *p, item *in)
{
    item **place = &p->items[population_random(p, p->count)];
    item *out = *place;

    *place = in;
    return out;
}

uint64_t *population_ids(population *p)
{
    uint64_t *ids = calloc(p->count, sizeof *ids);

    if (ids == NULL)
        abort();
    for (size_t i = 0; i < p->count; i++) { /* shuffled again */
        size_t j = population_random(p, i + 1);

        ids[i] = ids[j];
        ids[j] = p->items[i]->id;
    }
    return ids;
}
