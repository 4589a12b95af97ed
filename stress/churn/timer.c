/* SPDX-License-Identifier: MIT */
#include "timer.h"

static list *slot_of(timer_wheel *w, uint64_t tick)
{
    return &w->slots[tick & (TIMER_SLOTS - 1)];
}

void timer_wheel_init(timer_wheel *w, uint64_t now_ms)
{
    for (int i = 0; i < TIMER_SLOTS; i++)
        list_init(&w->slots[i]);
    w->tick = now_ms / TIMER_TICK_MS;
}

void timer_init(timer *t)
{
    list_init(&t->link);
}

void timer_clear(timer *t)
{
    list_remove(&t->link);
}

void timer_set(timer_wheel *w, timer *t, uint64_t due_ms)
{
    uint64_t tick = due_ms / TIMER_TICK_MS + 1; /* rounded up: never early */

    list_remove(&t->link);
    t->due_ms = due_ms;
    list_add_tail(slot_of(w, tick > w->tick ? tick : w->tick + 1), &t->link);
}

void timer_advance(timer_wheel *w, uint64_t now_ms, void (*expired)(void *arg, timer *t), void *arg)
{
    uint64_t last = now_ms / TIMER_TICK_MS;

    if (last > w->tick + TIMER_SLOTS)
        w->tick = last - TIMER_SLOTS; /* one round sees every slot */
    while (w->tick < last) {
        list due;

        w->tick++;
        list_init(&due);
        list_splice_tail(&due, slot_of(w, w->tick));
        while (!list_empty(&due)) {
            timer *t = container_of(due.next, timer, link);

            list_remove(&t->link);
            if (t->due_ms <= now_ms)
                expired(arg, t);
            else
                timer_set(w, t, t->due_ms); /* another round */
        }
    }
}
