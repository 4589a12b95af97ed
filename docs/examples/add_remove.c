/* SPDX-License-Identifier: MIT */
/* gcast_add() and gcast_remove(): an object becomes findable, and is released after it was removed.
 */
#include <stdio.h>
#include <stdlib.h>

#include <gracecast/registry.h>

typedef struct session {
    gcast_entry entry;
    int fd;
} session;

/* liburcu's thread calls this when nobody can be looking at the entry any more. */
static void free_session(gcast_entry *e, void *arg)
{
    session *s = (session *)(void *)((char *)e - offsetof(session, entry));

    (void)arg;
    printf("session with fd %d is released\n", s->fd);
    free(s);
}

int main(void)
{
    gcast_registry_opts opts = {.keys = GCAST_KEYS_ID, .on_release = free_session};
    gcast_registry *registry = NULL;
    session *s = malloc(sizeof *s);

    if (s == NULL || gcast_registry_new(&registry, &opts) != GCAST_OK)
        return 1;
    gcast_thread_enter(registry);

    s->fd = 42; /* complete before it can be found */
    gcast_entry_init_id(&s->entry, gcast_id_new());
    if (gcast_add(registry, &s->entry) != GCAST_OK)
        return 1;
    printf("%zu session\n", gcast_count(registry));
    if (gcast_remove(registry, &s->entry) != GCAST_OK)
        return 1;
    /* s must not be touched any more: it may be gone. */

    gcast_thread_leave(registry);
    gcast_registry_free(registry); /* waits for the release */
    return 0;
}
