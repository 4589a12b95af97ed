/* SPDX-License-Identifier: MIT */
/* What is known of a connection or a subscription beyond its name, for those few that have it. */
#include <stdlib.h>

#include "hub_internal.h"

static void free_info(gcast_deferred *d)
{
    free(container_of(d, hub_info, deferred));
}

/* NULL: out of memory. */
static hub_info *info_new(view json, uint64_t expires_at_s)
{
    hub_info *i = malloc(sizeof *i + json.len);

    if (i == NULL)
        return NULL;
    i->expires_at_s = expires_at_s;
    i->len = (uint32_t)json.len;
    if (json.len != 0)
        memcpy(i->json, json.ptr, json.len);
    return i;
}

bool info_set(gcast_registry *r, _Atomic(hub_info *) *at, view json, uint64_t expires_at_s)
{
    hub_info *old = atomic_load_explicit(at, memory_order_relaxed); /* own write */
    hub_info *fresh = NULL;

    if (json.len != 0 || expires_at_s != 0) {
        fresh = info_new(json, expires_at_s);
        if (fresh == NULL)
            return false;
    }
    /*
     * ORDER  the copy -> the pointer to it.
     * PAIRS  acquire in info_view().
     * ELSE   another thread could show bytes that are not written yet.
     */
    atomic_store_explicit(at, fresh, memory_order_release);
    if (old != NULL)
        gcast_defer(r, &old->deferred, free_info);
    return true;
}

view info_view(const _Atomic(hub_info *) *at)
{
    /* PAIRS info_set() */
    const hub_info *i = atomic_load_explicit(at, memory_order_acquire);

    return i == NULL ? (view){0} : (view){.ptr = i->json, .len = i->len};
}
