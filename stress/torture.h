/* SPDX-License-Identifier: MIT */
/*
 * What every torture program has: arguments "[seconds [seed [memb|qsbr]]]", a printed seed, random
 * numbers from it, a deadline, a watchdog against deadlock, and a way to fail.
 */
#ifndef STRESS_TORTURE_H
#define STRESS_TORTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gracecast/registry.h>

typedef struct torture {
    double seconds;
    uint64_t seed;
    gcast_flavor flavor;
    double end_s;
} torture;

#define CHECK(cond, ...)                                                 \
    do {                                                                 \
        if (!(cond)) {                                                   \
            (void)fprintf(stderr, "FAILED %s:%d: ", __FILE__, __LINE__); \
            (void)fprintf(stderr, __VA_ARGS__);                          \
            (void)fputc('\n', stderr);                                   \
            _exit(1);                                                    \
        }                                                                \
    } while (0)

static inline double torture_now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t torture_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline torture torture_begin(int argc, char **argv)
{
    torture t = {.seconds = 2, .seed = (uint64_t)time(NULL) ^ ((uint64_t)getpid() << 32)};

    if (argc > 1)
        t.seconds = strtod(argv[1], NULL);
    if (argc > 2 && strcmp(argv[2], "-") != 0)
        t.seed = strtoull(argv[2], NULL, 0);
    if (argc > 3 && strcmp(argv[3], "qsbr") == 0)
        t.flavor = GCAST_FLAVOR_QSBR;
    (void)printf("seconds %g, seed %#llx, %s\n", t.seconds, (unsigned long long)t.seed,
                 t.flavor == GCAST_FLAVOR_QSBR ? "qsbr" : "memb");
    (void)fflush(stdout);
    (void)alarm((unsigned)(t.seconds * 4) + 120);
    t.end_s = torture_now_s() + t.seconds;
    return t;
}

static inline bool torture_goes_on(const torture *t)
{
    return torture_now_s() < t->end_s;
}

#endif
