/* SPDX-License-Identifier: MIT */
/*
 * Deadlines of many connections: a hashed timer wheel (Varghese and Lauck, 1987, scheme 6), fine
 * enough that connections due at different instants do not fire together. One thread.
 */
#ifndef CHURN_TIMER_H
#define CHURN_TIMER_H

#include <stdint.h>

#include "list.h"

enum {
    TIMER_TICK_MS = 4,
    TIMER_SLOTS = 4096, /* a power of two: one round is 16 s */
};

typedef struct timer {
    list link;
    uint64_t due_ms;
} timer;

typedef struct timer_wheel {
    list slots[TIMER_SLOTS];
    uint64_t tick; /* the last one that was looked at */
} timer_wheel;

void timer_wheel_init(timer_wheel *w, uint64_t now_ms);
void timer_init(timer *t);

/* Sets or moves it. */
void timer_set(timer_wheel *w, timer *t, uint64_t due_ms);

/* Harmless when it is not set. */
void timer_clear(timer *t);

/* Calls `expired` for each that is due, cleared before; it may set and clear any timer. */
void timer_advance(timer_wheel *w, uint64_t now_ms, void (*expired)(void *arg, timer *t),
                   void *arg);

#endif
