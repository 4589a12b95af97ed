/* SPDX-License-Identifier: MIT */
/*
 * Millions of entries come and go, a few at a time and in waves that make the table grow and
 * shrink, while a reader traverses in slices. Resident memory must stay bounded and come back near
 * its start, and slots must be used again. Arguments: [seconds [seed [memb|qsbr [cycles]]]]; with
 * `cycles` it goes on until there were so many, e.g. 10000000, however long that takes. Sanitizers
 * keep freed memory: with them only the counts are checked.
 */
#include "torture.h"

#include <malloc.h>
#include <pthread.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MEASURES_MEMORY = 0 };
#else
enum { MEASURES_MEMORY = 1 };
#endif

enum {
    WAVE = 20000,
    BACKLOG_MAX = 50000, /* removed but not yet released, above which the writer waits */
    RSS_BOUND_KB =
        100 * 1024, /* over the start: five times what the largest wave and backlog take */
    RSS_BACK_KB = 4 * 1024,
};

static torture conf;
static gcast_registry *registry;
static atomic_ullong x_released;
static atomic_bool x_stop;

static void on_release(gcast_entry *e, void *arg)
{
    (void)arg;
    atomic_fetch_add(&x_released, 1);
    free(e);
}

static long rss_kb(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    char line[128] = "";
    char *at = line;

    CHECK(f != NULL && fgets(line, sizeof line, f) != NULL, "statm");
    (void)fclose(f);
    (void)strtol(at, &at, 10);
    return strtol(at, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024);
}

static void *reader_main(void *arg)
{
    (void)arg;
    gcast_thread_enter(registry);
    while (!atomic_load(&x_stop)) {
        gcast_cursor cursor = {0};
        gcast_entry *batch[64];
        size_t got = 0;

        do {
            gcast_read_begin(registry);
            got = gcast_next_batch(registry, &cursor, batch, 64);
            CHECK(cursor.end <= WAVE, "%u slots for %u entries", cursor.end, WAVE);
            gcast_read_end(registry);
            gcast_quiescent(registry);
        } while (got > 0);
    }
    gcast_thread_leave(registry);
    return NULL;
}

static void add(gcast_entry **out)
{
    gcast_entry *e = malloc(sizeof *e);

    CHECK(e != NULL, "out of memory");
    gcast_entry_init_id(e, gcast_id_new());
    CHECK(gcast_add(registry, e) == GCAST_OK, "add");
    *out = e;
}

/* Adds `len` entries and removes them again. */
static void wave(gcast_entry **entries, size_t len)
{
    for (size_t i = 0; i < len; i++)
        add(&entries[i]);
    gcast_quiescent(registry);
    for (size_t i = 0; i < len; i++)
        CHECK(gcast_remove(registry, entries[i]) == GCAST_OK, "remove");
    gcast_quiescent(registry);
}

static void wait_for_releases(unsigned long long cycles)
{
    gcast_thread_offline(registry);
    while (cycles - atomic_load(&x_released) > BACKLOG_MAX)
        (void)usleep(1000);
    gcast_thread_online(registry);
}

int main(int argc, char **argv)
{
    gcast_registry_opts opts = {.on_release = on_release};
    static gcast_entry *entries[WAVE];
    unsigned long long cycles = 0;
    unsigned long long wanted = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    long start = 0, peak = 0, end = 0;
    uint64_t random = 0;
    pthread_t reader;

    conf = torture_begin(argc, argv);
    if (wanted > 0)
        (void)alarm(0);
    random = conf.seed;
    opts.flavor = conf.flavor;
    CHECK(gcast_registry_new(&registry, &opts) == GCAST_OK, "new");
    CHECK(pthread_create(&reader, NULL, reader_main, NULL) == 0, "thread");
    gcast_thread_enter(registry);
    wave(entries, 1000);
    start = rss_kb();
    for (cycles = 1000; wanted > 0 ? cycles < wanted : torture_goes_on(&conf);) {
        size_t len = torture_random(&random) % 64 == 0 ? WAVE : 1 + torture_random(&random) % 500;

        wave(entries, len);
        cycles += len;
        wait_for_releases(cycles);
        if (rss_kb() > peak)
            peak = rss_kb();
    }
    atomic_store(&x_stop, true);
    (void)pthread_join(reader, NULL);
    gcast_barrier(registry);
    CHECK(x_released == cycles, "%llu cycles, %llu released", cycles, x_released);
    CHECK(gcast_count(registry) == 0, "%zu left", gcast_count(registry));
    gcast_thread_leave(registry);
    gcast_registry_free(registry);
    (void)malloc_trim(0);
    end = rss_kb();
    (void)printf("%llu cycles, resident %ld kB at start, %ld at most, %ld at the end\n", cycles,
                 start, peak, end);
    if (MEASURES_MEMORY) {
        CHECK(peak - start < RSS_BOUND_KB, "memory grew by %ld kB", peak - start);
        CHECK(end - start < RSS_BACK_KB, "%ld kB did not come back", end - start);
    }
    return 0;
}
