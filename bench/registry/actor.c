/* SPDX-License-Identifier: MIT */
/*
 * actor and sharded-actor: each map belongs to one thread, and everybody else sends that thread
 * requests. The mailbox is a lock-free stack that the actor takes whole and turns round, so that
 * requests are served in the order in which they came; only a request into an empty box wakes the
 * actor. That is cheaper than a queue under a mutex with a condition variable, which takes the lock
 * twice per request.
 *
 * Look-ups wait for their reply. Adds and removes do too when they are called, and do not when they
 * are submitted, which is how the latencies are measured: an actor's clients are many, and none
 * waits for another's reply before it sends its own request.
 *
 * The sharded one has eight actors: each costs a thread, so there cannot be many more than there
 * are processors, and eight is what a server has that carries such a load.
 */
#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>

#include "clock.h"
#include "map.h"
#include "subject.h"

enum { SHARD_BITS = 3 };

typedef struct actor {
    alignas(128) _Atomic(op *) x_newest; /* atomic: the mailbox */
    sem_t wake;                          /* posted when the mailbox ceases to be empty */
    map map;                             /* owner: the actor's thread */
    pthread_t thread;                    /* const */
} actor;

typedef struct actors {
    actor *all;   /* const */
    size_t count; /* const: a power of two */
    unsigned shift;
} actors;

static void wait_for(sem_t *sem)
{
    while (sem_wait(sem) != 0 && errno == EINTR)
        ;
}

static void post(actor *a, op *o)
{
    op *newest = atomic_load_explicit(&a->x_newest, memory_order_relaxed);

    do
        o->next = newest;
    /*
     * ORDER  the request -> x_newest.
     * PAIRS  acquire in take_all().
     * ELSE   the actor may serve a request that is not written yet.
     */
    while (!atomic_compare_exchange_weak_explicit(&a->x_newest, &newest, o, memory_order_release,
                                                  memory_order_relaxed));
    if (newest == NULL)
        (void)sem_post(&a->wake);
}

/* All requests, the oldest first. */
static op *take_all(actor *a)
{
    op *newest =
        atomic_exchange_explicit(&a->x_newest, NULL, memory_order_acquire); /* PAIRS post() */
    op *oldest = NULL;

    while (newest != NULL) {
        op *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static void serve(actor *a, op *o)
{
    item *it = NULL;

    switch (o->kind) {
    case OP_ADD:
        o->good = map_add(&a->map, o->it);
        break;
    case OP_REMOVE:
        it = map_remove(&a->map, o->id);
        o->good = it != NULL;
        item_free(it, 0);
        break;
    case OP_LOOKUP:
        it = map_find(&a->map, o->id);
        o->good = it != NULL;
        o->value = it != NULL ? it->value : 0;
        break;
    case OP_TRAVERSE:
        map_walk(&a->map, o->walk);
        break;
    case OP_STOP:
        break;
    }
}

static void reply(op *o)
{
    if (o->reply != NULL)
        (void)sem_post(o->reply); /* the request may be gone now */
    else
        /*
         * ORDER  what serve() wrote -> x_done_ns.
         * PAIRS  acquire in the measuring thread.
         * ELSE   it may read an old `good`.
         */
        atomic_store_explicit(&o->x_done_ns, clock_mono_ns(), memory_order_release);
}

static void *run(void *arg)
{
    actor *a = arg;

    for (;;) {
        wait_for(&a->wake);
        for (op *o = take_all(a), *next = NULL; o != NULL; o = next) {
            bool last = o->kind == OP_STOP;

            next = o->next;
            serve(a, o);
            reply(o);
            if (last)
                return NULL;
        }
    }
}

/* Sends a request and waits for the reply. */
static void call(actor *a, op *o)
{
    sem_t answered;

    (void)sem_init(&answered, 0, 0);
    o->reply = &answered;
    post(a, o);
    wait_for(&answered);
    (void)sem_destroy(&answered);
}

static actors *create(unsigned bits)
{
    actors *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    s->count = (size_t)1 << bits;
    s->shift = 63 - bits; /* and one more below: a shift by 64 is undefined */
    s->all = aligned_alloc(alignof(actor), s->count * sizeof *s->all);
    if (s->all == NULL)
        abort();
    for (size_t i = 0; i < s->count; i++) {
        actor *a = &s->all[i];

        atomic_init(&a->x_newest, NULL);
        a->map = (map){0};
        (void)sem_init(&a->wake, 0, 0);
        if (pthread_create(&a->thread, NULL, run, a) != 0)
            abort();
    }
    return s;
}

static void *create_one(const subject *s)
{
    (void)s;
    return create(0);
}

static void *create_sharded(const subject *s)
{
    (void)s;
    return create(SHARD_BITS);
}

static void actors_destroy(void *self)
{
    actors *s = self;

    for (size_t i = 0; i < s->count; i++) {
        op stop = {.kind = OP_STOP};

        call(&s->all[i], &stop);
        (void)pthread_join(s->all[i].thread, NULL);
        (void)sem_destroy(&s->all[i].wake);
        map_fini(&s->all[i].map);
    }
    free(s->all);
    free(s);
}

/* The upper bits of the hash: the map takes the lower ones. */
static actor *actor_of(const actors *s, uint64_t id)
{
    return &s->all[item_hash(id) >> s->shift >> 1];
}

static bool actors_add(void *self, item *it)
{
    op o = {.kind = OP_ADD, .it = it, .id = it->id};

    call(actor_of(self, it->id), &o);
    return o.good;
}

static bool actors_remove(void *self, item *it)
{
    op o = {.kind = OP_REMOVE, .id = it->id};

    call(actor_of(self, it->id), &o);
    return o.good;
}

static bool actors_lookup(void *self, uint64_t id, uint64_t *value)
{
    op o = {.kind = OP_LOOKUP, .id = id};

    call(actor_of(self, id), &o);
    *value = o.value;
    return o.good;
}

static void actors_submit(void *self, op *o)
{
    post(actor_of(self, o->id), o);
}

/* All actors walk at the same time. */
static void actors_traverse(void *self, walk *w)
{
    const actors *s = self;
    walk parts[1 << SHARD_BITS];
    op ops[1 << SHARD_BITS];
    sem_t answered;

    (void)sem_init(&answered, 0, 0);
    for (size_t i = 0; i < s->count; i++) {
        parts[i] = (walk){.spins = w->spins};
        ops[i] = (op){.kind = OP_TRAVERSE, .walk = &parts[i], .reply = &answered};
        post(&s->all[i], &ops[i]);
    }
    for (size_t i = 0; i < s->count; i++)
        wait_for(&answered);
    (void)sem_destroy(&answered);
    for (size_t i = 0; i < s->count; i++)
        w->count += parts[i].count;
}

const subject subject_actor = {
    .name = "actor",
    .create = create_one,
    .destroy = actors_destroy,
    .add = actors_add,
    .remove = actors_remove,
    .lookup = actors_lookup,
    .traverse = actors_traverse,
    .submit = actors_submit,
};

const subject subject_sharded_actor = {
    .name = "sharded-actor",
    .create = create_sharded,
    .destroy = actors_destroy,
    .add = actors_add,
    .remove = actors_remove,
    .lookup = actors_lookup,
    .traverse = actors_traverse,
    .submit = actors_submit,
};
