/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz driver without a fuzzer:  replay DIRECTORY [MUTATIONS]
 * Each file of the directory is given whole, cut short at every length, and MUTATIONS times with a
 * few random edits. The seed is fixed: a failure repeats itself, and the input that was running is
 * left behind in ./replay-last-input.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

enum {
    LONGEST_READ = 1 << 20,
    LONGEST_CHANGED = 1024, /* longer files are not cut or mutated: that would take too long */
    MAX_EDITS = 4,
};

static uint64_t random_state = 0x9E3779B97F4A7C15;

/* xorshift64* (Vigna 2016) */
static uint64_t next_random(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545F4914F6CDD1D;
}

static size_t below(size_t limit)
{
    return limit == 0 ? 0 : (size_t)(next_random() % limit);
}

/* What is running now, for the handler of SIGABRT. */
static const uint8_t *running;
static size_t running_size;

static void save_running(int signal_number)
{
    int fd = open("replay-last-input", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd >= 0) {
        (void)!write(fd, running, running_size);
        (void)close(fd);
    }
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

/* A copy of exact size each time, so that a sanitizer sees any step outside. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);

    require(copy != NULL, "memory for the input");
    memcpy(copy, data, size);
    running = data;
    running_size = size;
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

/* A byte that means something to text protocols, or any byte. */
static uint8_t likely_byte(void)
{
    static const char likely[] = "{}[]\",:\\/u0123456789-+.eE tfn\n\r\x80\xC3\xED\xF4\xFF";

    return next_random() % 4 == 0 ? (uint8_t)next_random() : (uint8_t)likely[below(sizeof likely)];
}

/* One edit in place: replaces, inserts, removes, or copies a stretch to elsewhere. */
static size_t edit(uint8_t *data, size_t size, size_t cap)
{
    size_t at = below(size);
    size_t from = below(size);
    size_t count = below(size - (at > from ? at : from)) + 1;

    switch (next_random() % 4) {
    case 0:
        data[at] = likely_byte();
        return size;
    case 1:
        if (size == cap)
            return size;
        memmove(data + at + 1, data + at, size - at);
        data[at] = likely_byte();
        return size + 1;
    case 2:
        if (count > 8 || count >= size)
            return size;
        memmove(data + at, data + at + count, size - at - count);
        return size - count;
    default:
        memmove(data + at, data + from, count);
        return size;
    }
}

static void run_mutations(const uint8_t *data, size_t size, long mutations)
{
    static uint8_t changed[LONGEST_CHANGED + MAX_EDITS];

    for (long i = 0; i < mutations; i++) {
        size_t changed_size = size;

        memcpy(changed, data, size);
        for (size_t edits = below(MAX_EDITS) + 1; edits > 0 && changed_size > 0; edits--)
            changed_size = edit(changed, changed_size, sizeof changed);
        run(changed, changed_size);
    }
}

static void run_file(const char *directory, const char *name, long mutations)
{
    static uint8_t data[LONGEST_READ];
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", directory, name);

    FILE *file = fopen(path, "rb");

    require(file != NULL, path);

    size_t size = fread(data, 1, sizeof data, file);

    (void)fclose(file);
    run(data, size);
    if (size > LONGEST_CHANGED)
        return;
    for (size_t cut = 0; cut < size; cut++)
        run(data, cut);
    run_mutations(data, size, mutations);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    struct dirent **entries = NULL;
    long mutations = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s DIRECTORY [MUTATIONS]\n", argv[0]);
        return 2;
    }
    (void)signal(SIGABRT, save_running);

    int count = scandir(argv[1], &entries, is_visible, alphasort);

    require(count > 0, "a directory with files in it");
    for (int i = 0; i < count; i++) {
        run_file(argv[1], entries[i]->d_name, mutations);
        free(entries[i]);
    }
    free(entries);
    (void)printf("%d files, each with %ld mutations: no promise broken\n", count, mutations);
    return 0;
}
