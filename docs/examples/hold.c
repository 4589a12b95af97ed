/* SPDX-License-Identifier: MIT */
/* gcast_get() and gcast_put(): keeping an object beyond the read section, here across its removal.
 */
#include <stdio.h>
#include <stdlib.h>

#include <gracecast/registry.h>

typedef struct session {
    gcast_entry entry; /* first, so that a pointer to it is a pointer to the session */
    const char *name;
} session;

static void free_session(gcast_entry *e, void *arg)
{
    (void)arg;
    free(e);
}

static session *hold(gcast_registry *registry, uint64_t id)
{
    gcast_entry *e = NULL;

    gcast_read_begin(registry);
    e = gcast_peek(registry, id);
    if (e != NULL && !gcast_get(e))
        e = NULL; /* it was on its way out */
    gcast_read_end(registry);
    return (session *)(void *)e;
}

int main(void)
{
    gcast_registry_opts opts = {.keys = GCAST_KEYS_ID, .on_release = free_session};
    gcast_registry *registry = NULL;
    session *s = malloc(sizeof *s);
    session *held = NULL;

    if (s == NULL || gcast_registry_new(&registry, &opts) != GCAST_OK)
        return 1;
    gcast_thread_enter(registry);
    s->name = "ada";
    gcast_entry_init_id(&s->entry, 7);
    if (gcast_add(registry, &s->entry) != GCAST_OK)
        return 1;

    held = hold(registry, 7);
    if (held == NULL || gcast_remove(registry, &s->entry) != GCAST_OK)
        return 1;
    printf("%s is removed, but still there\n", held->name);
    gcast_put(registry, &held->entry); /* now it goes to on_release */

    gcast_thread_leave(registry);
    gcast_registry_free(registry);
    return 0;
}
