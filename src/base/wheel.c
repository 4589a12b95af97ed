/* SPDX-License-Identifier: MIT */
#include "wheel.h"

static list *slot_of(wheel *w, uint64_t tick)
{
    return &w->slots[tick & (WHEEL_SLOTS - 1)];
}

void wheel_init(wheel *w, uint64_t now_ms, uint32_t tick_ms)
{
    for (int i = 0; i < WHEEL_SLOTS; i++)
        list_init(&w->slots[i]);
    w->tick_ms = tick_ms;
    w->tick = now_ms / tick_ms;
}

void wheel_item_init(wheel_item *item)
{
    list_init(&item->link);
}

void wheel_clear(wheel_item *item)
{
    list_remove(&item->link);
}

void wheel_set(wheel *w, wheel_item *item, uint64_t due_ms)
{
    uint64_t tick = due_ms / w->tick_ms + 1; /* rounded up: never early */

    list_remove(&item->link);
    item->due_ms = due_ms;
    if (due_ms == UINT64_MAX)
        return;
    list_add_tail(slot_of(w, tick > w->tick ? tick : w->tick + 1), &item->link);
}

static void look_at(wheel *w, uint64_t now_ms, void (*expired)(void *arg, wheel_item *item),
                    void *arg)
{
    list due;

    list_init(&due);
    list_splice_tail(&due, slot_of(w, w->tick));
    while (!list_empty(&due)) {
        wheel_item *item = container_of(due.next, wheel_item, link);

        list_remove(&item->link);
        if (item->due_ms <= now_ms)
            expired(arg, item);
        else
            wheel_set(w, item, item->due_ms); /* another round */
    }
}

void wheel_advance(wheel *w, uint64_t now_ms, void (*expired)(void *arg, wheel_item *item),
                   void *arg)
{
    uint64_t last = now_ms / w->tick_ms;

    /* After a long pause (a stopped process) one round sees every slot; more would see them again.
     */
    if (last > w->tick + WHEEL_SLOTS)
        w->tick = last - WHEEL_SLOTS;
    while (w->tick < last) {
        w->tick++;
        look_at(w, now_ms, expired, arg);
    }
}
