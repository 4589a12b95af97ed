/* SPDX-License-Identifier: MIT */
/*
 * Memory of connections that have gone goes back to the system. The C library keeps what was freed
 * between blocks that are still in use; after a crowd has left it can be asked for whole pages of
 * that. It takes about a millisecond, so it is done rarely.
 */
#include <malloc.h>

#include "server_internal.h"

enum {
    LARGE = 131072, /* bytes: the C library's own initial threshold */
    LOOK_MS = 2000,
    CROWD = 1000, /* connections: fewer are not worth it */
};

void memory_setup(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE); /* without it all works, with more memory */
}

static void on_look(uv_timer_t *timer)
{
    memory_keeper *k = timer->data;
    /* relaxed: a figure for a guess */
    uint32_t now = atomic_load_explicit(k->x_connections, memory_order_relaxed);

    if (k->due) {
        k->due = false;
        k->peak = now;
        (void)malloc_trim(0);
    } else if (now >= k->peak) {
        k->peak = now;
    } else {
        /* at the next look: those who go now are freed a grace period later */
        k->due = k->peak - now >= CROWD && now <= k->peak / 2;
    }
}

void memory_keeper_start(memory_keeper *k, uv_loop_t *loop, const _Atomic(uint32_t) *x_connections)
{
    *k = (memory_keeper){.x_connections = x_connections};
    (void)uv_timer_init(loop, &k->timer); /* these cannot fail */
    k->timer.data = k;
    (void)uv_timer_start(&k->timer, on_look, LOOK_MS, LOOK_MS);
}
