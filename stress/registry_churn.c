/* SPDX-License-Identifier: MIT */
/*
 * Readers traverse and look up while writers add, replace and remove, and the table grows and
 * shrinks under them. What must hold, each with its own keys:
 *
 *   stable     entries that are always there: every traversal meets each exactly once.
 *   restless   keys that are always there, replaced all the time: every traversal meets each key
 *              exactly once, and every look-up finds one.
 *   contended  keys that all writers add, replace and remove: what was added is removed or replaced
 *              by exactly one thread.
 *   settled    a batch is added and announced; every reader must meet all of it in its next
 *              traversal and say so; only then is it removed.
 *
 * And of every entry: nobody meets it twice in a traversal, or with a wrong key, or after its
 * release, or when two grace periods have passed since its removal. At the end all that was added
 * has been released.
 */
#include "torture.h"

#include <pthread.h>

enum {
    READERS = 2,
    WRITERS = 2,
    STABLE = 150,
    RESTLESS = 64,
    CONTENDED = 128,
    SETTLED_MAX = 3000,
    HELD = 16,
    LIVE = 0x11fe11fe,
    DEAD = 0x0dead0de,
};

enum { STABLE_BASE = 1000, RESTLESS_BASE = 2000, CONTENDED_BASE = 3000, SETTLED_BASE = 10000 };

typedef struct object {
    gcast_entry entry;
    uint64_t id;                 /* const: written before the add, read by everybody */
    _Atomic(uint32_t) x_canary;  /* atomic */
    _Atomic(uint64_t) x_gone_at; /* atomic: 0, or 1 + the grace count at its removal */
    uint64_t seen[READERS];      /* owner: one reader each; its last traversal that met this */
} object;

typedef struct reader {
    unsigned number;
    uint64_t random;
    uint64_t traversals;
    unsigned stable, settled;
    unsigned restless[RESTLESS];
    object *held[HELD];
} reader;

static torture conf;
static gcast_registry *registry;
static atomic_ullong x_added, x_ended, x_released; /* ended: removed or replaced */
static _Atomic(uint64_t) x_grace;                  /* grace periods that have passed */
static _Atomic(uint64_t) x_batch;                  /* number of the settled batch announced */
static _Atomic(unsigned) x_batch_len;
static _Atomic(uint64_t) x_batch_base;
static _Atomic(uint64_t) x_acked[READERS]; /* the last batch each reader has met as a whole */
static atomic_bool x_readers_done;

static void on_release(gcast_entry *e, void *arg)
{
    object *o = (object *)(void *)e;
    uint32_t live = LIVE;

    (void)arg;
    CHECK(atomic_compare_exchange_strong(&o->x_canary, &live, DEAD), "released twice");
    o->id = 0;
    atomic_fetch_add(&x_released, 1);
    free(o);
}

static object *new_object(uint64_t id)
{
    object *o = calloc(1, sizeof *o);

    CHECK(o != NULL, "out of memory");
    o->id = id;
    atomic_init(&o->x_canary, LIVE);
    gcast_entry_init_id(&o->entry, id);
    return o;
}

/* Inside a section, or with a reference. */
static void check_alive(object *o)
{
    CHECK(atomic_load(&o->x_canary) == LIVE, "a released entry was met");
}

/* Inside the section in which `o` was found. A second grace period ending since its removal means
 * that a whole one passed, and it should have waited for this section. */
static void check_age(object *o)
{
    uint64_t gone_at = atomic_load(&o->x_gone_at);

    check_alive(o);
    CHECK(gone_at == 0 || atomic_load(&x_grace) < gone_at + 1, "an entry outlived a grace period");
}

static void note_gone(object *o)
{
    atomic_fetch_add(&x_ended, 1);
    atomic_store(&o->x_gone_at, atomic_load(&x_grace) + 1);
}

static void leave_section(void)
{
    gcast_read_end(registry);
    gcast_quiescent(registry);
}

static bool add(uint64_t id)
{
    object *o = new_object(id);

    if (gcast_add(registry, &o->entry) != GCAST_OK) {
        memset(o, 0xa5, sizeof *o); /* ours alone: nobody may be looking at it */
        free(o);
        return false;
    }
    atomic_fetch_add(&x_added, 1);
    return true;
}

static void replace(uint64_t id)
{
    object *o = new_object(id);
    gcast_entry *old = NULL;

    CHECK(gcast_replace(registry, &o->entry, &old) == GCAST_OK, "replace");
    atomic_fetch_add(&x_added, 1);
    if (old == NULL)
        return;
    check_alive((object *)(void *)old);
    note_gone((object *)(void *)old);
    gcast_put(registry, old);
}

static bool remove_key(uint64_t id)
{
    bool removed = false;
    gcast_entry *e = NULL;

    gcast_read_begin(registry);
    e = gcast_peek(registry, id);
    if (e != NULL) {
        CHECK(((object *)(void *)e)->id == id, "a look-up found another key");
        removed = gcast_remove(registry, e) == GCAST_OK;
        if (removed)
            note_gone((object *)(void *)e);
        check_age((object *)(void *)e);
    }
    leave_section();
    return removed;
}

/* ---- readers --------------------------------------------------------------------------------- */

static void meet(reader *me, gcast_entry *e, uint64_t batch_base, unsigned batch_len)
{
    object *o = (object *)(void *)e;

    check_age(o);
    CHECK(o->id == e->key.id, "an entry changed its key");
    CHECK(o->seen[me->number] != me->traversals, "entry %llu was met twice",
          (unsigned long long)o->id);
    o->seen[me->number] = me->traversals;
    if (o->id >= STABLE_BASE && o->id < STABLE_BASE + STABLE)
        me->stable++;
    if (o->id >= RESTLESS_BASE && o->id < RESTLESS_BASE + RESTLESS)
        me->restless[o->id - RESTLESS_BASE]++;
    if (o->id >= batch_base && o->id < batch_base + batch_len)
        me->settled++;
}

/* One traversal in batches of `cap`, the section interrupted after every `slice` of them. */
static void walk(reader *me, size_t cap, unsigned slice, uint64_t base, unsigned len)
{
    gcast_entry *batch[32];
    gcast_cursor cursor;
    unsigned batches = 0;
    size_t got = 0;

    gcast_cursor_init(&cursor);
    gcast_read_begin(registry);
    while ((got = gcast_next_batch(registry, &cursor, batch, cap)) > 0) {
        for (size_t i = 0; i < got; i++)
            meet(me, batch[i], base, len);
        if (++batches % slice == 0) {
            leave_section();
            gcast_read_begin(registry);
        }
    }
    leave_section();
}

static void check_traversal(reader *me)
{
    uint64_t random = torture_random(&me->random);
    uint64_t batch = atomic_load(&x_batch);
    unsigned len = atomic_load(&x_batch_len);

    me->traversals++;
    me->stable = me->settled = 0;
    memset(me->restless, 0, sizeof me->restless);
    walk(me, 1 + random % 32, 1 + (unsigned)(random >> 32) % 64, atomic_load(&x_batch_base), len);
    CHECK(me->stable == STABLE, "met %u of %u stable entries", me->stable, STABLE);
    for (unsigned i = 0; i < RESTLESS; i++)
        CHECK(me->restless[i] == 1, "met a replaced key %u times", me->restless[i]);
    if (batch > atomic_load(&x_acked[me->number])) {
        CHECK(me->settled == len, "met %u of a batch of %u", me->settled, len);
        atomic_store(&x_acked[me->number], batch);
    }
}

/* Looks keys up, and takes a reference to one to put it much later. */
static void check_lookups(reader *me)
{
    uint64_t random = torture_random(&me->random);
    object **place = &me->held[random % HELD];
    object *o = NULL;

    gcast_read_begin(registry);
    o = (object *)(void *)gcast_peek(registry, STABLE_BASE + random % STABLE);
    CHECK(o != NULL && o->id == STABLE_BASE + random % STABLE, "a stable key was not found");
    o = (object *)(void *)gcast_peek(registry, RESTLESS_BASE + (random >> 8) % RESTLESS);
    CHECK(o != NULL, "a replaced key was not found");
    check_age(o);
    if (*place != NULL) {
        check_alive(*place);
        gcast_put(registry, &(*place)->entry);
    }
    *place = NULL;
    o = (object *)(void *)gcast_peek(registry, CONTENDED_BASE + (random >> 16) % CONTENDED);
    if (o != NULL) {
        check_age(o);
        if (gcast_get(&o->entry))
            *place = o;
    }
    leave_section();
}

static void *reader_main(void *arg)
{
    reader *me = arg;

    gcast_thread_enter(registry);
    do {
        check_traversal(me);
        for (int i = 0; i < 200; i++)
            check_lookups(me);
    } while (torture_goes_on(&conf));
    for (int i = 0; i < HELD; i++)
        if (me->held[i] != NULL)
            gcast_put(registry, &me->held[i]->entry);
    gcast_thread_leave(registry);
    return NULL;
}

/* ---- writers --------------------------------------------------------------------------------- */

static void *contender_main(void *arg)
{
    uint64_t random = *(uint64_t *)arg;

    gcast_thread_enter(registry);
    while (torture_goes_on(&conf)) {
        for (int i = 0; i < 64; i++) {
            uint64_t r = torture_random(&random);
            uint64_t id = CONTENDED_BASE + (r >> 8) % CONTENDED;

            if (r % 8 < 3)
                (void)add(id);
            else if (r % 8 < 6)
                (void)remove_key(id);
            else if (r % 8 < 7)
                replace(id);
            else
                replace(RESTLESS_BASE + (r >> 8) % RESTLESS);
        }
        gcast_quiescent(registry);
    }
    gcast_thread_leave(registry);
    return NULL;
}

static bool all_acked(uint64_t batch)
{
    for (int i = 0; i < READERS; i++)
        if (atomic_load(&x_acked[i]) < batch)
            return false;
    return true;
}

static void *settler_main(void *arg)
{
    uint64_t random = *(uint64_t *)arg;
    uint64_t base = SETTLED_BASE;

    gcast_thread_enter(registry);
    for (uint64_t batch = 1; torture_goes_on(&conf); batch++) {
        unsigned len = 1 + (unsigned)(torture_random(&random) % SETTLED_MAX);

        for (unsigned i = 0; i < len; i++)
            CHECK(add(base + i), "a fresh key was refused");
        atomic_store(&x_batch_base, base);
        atomic_store(&x_batch_len, len);
        atomic_store(&x_batch, batch);
        gcast_thread_offline(registry);
        while (!all_acked(batch) && !atomic_load(&x_readers_done))
            (void)usleep(100);
        gcast_thread_online(registry);
        for (unsigned i = 0; i < len; i++)
            CHECK(remove_key(base + i), "a settled entry was not there to remove");
        base += len;
    }
    gcast_thread_leave(registry);
    return NULL;
}

static void *grace_main(void *arg)
{
    (void)arg;
    while (torture_goes_on(&conf)) {
        gcast_barrier(registry);
        atomic_fetch_add(&x_grace, 1);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    gcast_registry_opts opts = {.on_release = on_release};
    pthread_t readers[READERS], writers[WRITERS], settler, grace;
    static reader state[READERS];
    uint64_t seeds[WRITERS + 1];
    uint64_t random = 0;

    conf = torture_begin(argc, argv);
    random = conf.seed;
    opts.flavor = conf.flavor;
    CHECK(gcast_registry_new(&registry, &opts) == GCAST_OK, "new");
    gcast_thread_enter(registry);
    for (uint64_t i = 0; i < STABLE; i++)
        CHECK(add(STABLE_BASE + i), "add");
    for (uint64_t i = 0; i < RESTLESS; i++)
        CHECK(add(RESTLESS_BASE + i), "add");
    gcast_thread_leave(registry);

    for (unsigned i = 0; i < READERS; i++) {
        state[i] = (reader){.number = i, .random = torture_random(&random)};
        CHECK(pthread_create(&readers[i], NULL, reader_main, &state[i]) == 0, "thread");
    }
    for (unsigned i = 0; i <= WRITERS; i++)
        seeds[i] = torture_random(&random);
    for (unsigned i = 0; i < WRITERS; i++)
        CHECK(pthread_create(&writers[i], NULL, contender_main, &seeds[i]) == 0, "thread");
    CHECK(pthread_create(&settler, NULL, settler_main, &seeds[WRITERS]) == 0, "thread");
    CHECK(pthread_create(&grace, NULL, grace_main, NULL) == 0, "thread");

    for (unsigned i = 0; i < READERS; i++)
        (void)pthread_join(readers[i], NULL);
    atomic_store(&x_readers_done, true);
    for (unsigned i = 0; i < WRITERS; i++)
        (void)pthread_join(writers[i], NULL);
    (void)pthread_join(settler, NULL);
    (void)pthread_join(grace, NULL);

    CHECK(gcast_count(registry) == x_added - x_ended, "count %zu, but %llu added, %llu gone",
          gcast_count(registry), x_added, x_ended);
    gcast_registry_free(registry);
    CHECK(x_added == x_released, "%llu added, %llu released", x_added, x_released);
    (void)printf("%llu added, %llu batches, %llu grace periods, %llu traversals: all held\n",
                 x_added, (unsigned long long)x_batch, (unsigned long long)x_grace,
                 (unsigned long long)state[0].traversals + state[1].traversals);
    return 0;
}
