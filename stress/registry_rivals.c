/* SPDX-License-Identifier: MIT */
/*
 * Threads fight over very few keys, so that every operation meets another one in the middle:
 * additions removed before they are done, replacements overtaking each other, several removers of
 * one entry. What must hold:
 *
 *   one winner   an entry that came in goes out exactly once, whoever tries.
 *   no ghost     when all threads pause, the traversal shows exactly what look-ups find, and as
 *                many as were added and not removed: no slot shows an entry that is gone.
 *
 *   no harm      nobody meets a released entry.
 */
#include "torture.h"

#include <pthread.h>
#include <sched.h>

enum { THREADS = 4, KEYS = 3, HELD = 6, OPS_PER_ROUND = 200, LIVE = 0x11fe11fe, DEAD = 0x0dead0de };

typedef struct object {
    gcast_entry entry;
    _Atomic(uint32_t) x_canary; /* atomic */
    _Atomic(uint32_t) x_outs;   /* atomic: times it was removed or replaced */
} object;

static torture conf;
static gcast_registry *registry;
static atomic_ullong x_added, x_ended, x_released;
static pthread_barrier_t round_edge;
static atomic_bool x_stop;

static void on_release(gcast_entry *e, void *arg)
{
    object *o = (object *)(void *)e;
    uint32_t live = LIVE;

    (void)arg;
    CHECK(atomic_compare_exchange_strong(&o->x_canary, &live, DEAD), "released twice");
    CHECK(atomic_load(&o->x_outs) == 1, "released after going %u times", o->x_outs);
    atomic_fetch_add(&x_released, 1);
    free(o);
}

static object *new_object(uint64_t id)
{
    object *o = calloc(1, sizeof *o);

    CHECK(o != NULL, "out of memory");
    atomic_init(&o->x_canary, LIVE);
    gcast_entry_init_id(&o->entry, id);
    return o;
}

static void note_out(object *o)
{
    CHECK(atomic_fetch_add(&o->x_outs, 1) == 0, "two threads won the same entry");
    atomic_fetch_add(&x_ended, 1);
}

static void add(uint64_t id)
{
    object *o = new_object(id);

    if (gcast_add(registry, &o->entry) == GCAST_OK)
        atomic_fetch_add(&x_added, 1);
    else
        free(o);
}

static void replace(uint64_t id)
{
    object *o = new_object(id);
    gcast_entry *old = NULL;

    CHECK(gcast_replace(registry, &o->entry, &old) == GCAST_OK, "replace");
    atomic_fetch_add(&x_added, 1);
    if (old != NULL) {
        note_out((object *)(void *)old);
        gcast_put(registry, old);
    }
}

/* All entries of one key that come along in this section, by look-up or by traversal. */
static void remove_all(uint64_t id, bool by_traversal, bool yields)
{
    gcast_cursor cursor = {0};
    gcast_entry *e = NULL;

    gcast_read_begin(registry);
    while ((e = by_traversal ? gcast_next(registry, &cursor) : gcast_peek(registry, id)) != NULL) {
        object *o = (object *)(void *)e;

        if (yields)
            (void)sched_yield(); /* others may remove it now */
        CHECK(atomic_load(&o->x_canary) == LIVE, "a released entry was met");
        if (gcast_remove(registry, e) == GCAST_OK)
            note_out(o);
        if (!by_traversal)
            break;
    }
    gcast_read_end(registry);
}

/* Holds references and lets go of them at the end. */
static void hold_all(void)
{
    gcast_entry *held[HELD];
    gcast_cursor cursor = {0};
    gcast_entry *e = NULL;
    size_t count = 0;

    gcast_read_begin(registry);
    while ((e = gcast_next(registry, &cursor)) != NULL && count < HELD) {
        (void)sched_yield(); /* others may remove it now */
        if (gcast_get(e))
            held[count++] = e;
    }
    gcast_read_end(registry);
    (void)sched_yield();
    while (count > 0) {
        object *o = (object *)(void *)held[--count];

        CHECK(atomic_load(&o->x_canary) == LIVE, "a held entry was released");
        gcast_put(registry, held[count]);
    }
}

static void fight(uint64_t *random)
{
    for (int i = 0; i < OPS_PER_ROUND; i++) {
        uint64_t r = torture_random(random);
        uint64_t id = 1 + (r >> 8) % KEYS;

        if (r % 16 < 5)
            add(id);
        else if (r % 16 < 9)
            replace(id);
        else if (r % 16 < 12)
            remove_all(id, false, (r >> 40) % 2 == 0);
        else if (r % 16 < 15)
            remove_all(id, true, (r >> 40) % 2 == 0);
        else
            hold_all();
        gcast_quiescent(registry);
        if ((r >> 32) % 8 == 0)
            (void)sched_yield();
    }
}

/* One thread, while the others wait. */
static void check_truce(void)
{
    gcast_cursor cursor = {0};
    gcast_entry *e = NULL;
    unsigned seen = 0;

    gcast_read_begin(registry);
    while ((e = gcast_next(registry, &cursor)) != NULL) {
        CHECK(gcast_peek(registry, e->key.id) == e, "a ghost: traversal shows what is gone");
        CHECK(atomic_load(&((object *)(void *)e)->x_outs) == 0, "a removed entry is shown");
        seen++;
    }
    gcast_read_end(registry);
    CHECK(seen == x_added - x_ended, "traversal shows %u entries of %llu", seen, x_added - x_ended);
    CHECK(gcast_count(registry) == seen, "%zu counted, %u shown", gcast_count(registry), seen);
    atomic_store(&x_stop, !torture_goes_on(&conf));
}

static void wait_for_others(void)
{
    gcast_thread_offline(registry);
    (void)pthread_barrier_wait(&round_edge);
    gcast_thread_online(registry);
}

static void *fighter_main(void *arg)
{
    uint64_t random = *(uint64_t *)arg;

    gcast_thread_enter(registry);
    while (!atomic_load(&x_stop)) {
        fight(&random);
        wait_for_others();
        wait_for_others();
    }
    gcast_thread_leave(registry);
    return NULL;
}

int main(int argc, char **argv)
{
    gcast_registry_opts opts = {.on_release = on_release};
    pthread_t threads[THREADS];
    uint64_t seeds[THREADS];
    uint64_t random = 0;
    unsigned rounds = 0;

    conf = torture_begin(argc, argv);
    random = conf.seed;
    opts.flavor = conf.flavor;
    CHECK(gcast_registry_new(&registry, &opts) == GCAST_OK, "new");
    CHECK(pthread_barrier_init(&round_edge, NULL, THREADS + 1) == 0, "barrier");
    gcast_thread_enter(registry);
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = torture_random(&random);
        CHECK(pthread_create(&threads[i], NULL, fighter_main, &seeds[i]) == 0, "thread");
    }
    for (; !atomic_load(&x_stop); rounds++) {
        wait_for_others();
        check_truce();
        wait_for_others();
    }
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    gcast_thread_leave(registry);
    gcast_registry_close(registry);
    gcast_barrier(registry);
    CHECK(x_released == x_ended, "%llu gone, %llu released", x_ended, x_released);
    gcast_thread_enter(registry);
    for (uint64_t id = 1; id <= KEYS; id++)
        remove_all(id, false, false);
    gcast_thread_leave(registry);
    gcast_registry_free(registry);
    CHECK(x_added == x_released, "%llu added, %llu released", x_added, x_released);
    (void)printf("%u rounds, %llu added: all held\n", rounds, x_added);
    return 0;
}
