/* SPDX-License-Identifier: MIT */
/*
 * Deadlines of many connections at little cost: a hashed timer wheel (Varghese and Lauck, 1987,
 * scheme 6). Setting and clearing are O(1); a tick looks at one slot. Deadlines are kept to a tick,
 * never early. One thread.
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include <stdint.h>

#include "list.h"

enum { WHEEL_SLOTS = 512 }; /* a power of two; deadlines further off go round */

typedef struct wheel_item {
    list link;
    uint64_t due_ms; /* what wheel_set() was told last */
} wheel_item;

typedef struct wheel {
    list slots[WHEEL_SLOTS];
    uint64_t tick;    /* the last one that was looked at */
    uint32_t tick_ms; /* const */
} wheel;

/* tick_ms: above 0. */
void wheel_init(wheel *w, uint64_t now_ms, uint32_t tick_ms);
void wheel_item_init(wheel_item *item);

/* Sets or moves the deadline; UINT64_MAX clears it. */
void wheel_set(wheel *w, wheel_item *item, uint64_t due_ms);

/* Harmless when nothing is set. */
void wheel_clear(wheel_item *item);

/* Calls `expired` for every item whose deadline has come, after clearing it; it may set and clear
 * any item, the one it was called for included. */
void wheel_advance(wheel *w, uint64_t now_ms, void (*expired)(void *arg, wheel_item *item),
                   void *arg);

#endif
