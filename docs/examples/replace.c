/* SPDX-License-Identifier: MIT */
/* gcast_replace(): a session that comes back takes the place of the old one under the same key. */
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

static int come_in(gcast_registry *registry, uint64_t user, const char *name)
{
    session *s = malloc(sizeof *s);
    gcast_entry *old = NULL;

    if (s == NULL)
        return 1;
    s->name = name;
    gcast_entry_init_id(&s->entry, user);
    if (gcast_replace(registry, &s->entry, &old) != GCAST_OK) {
        free(s); /* still ours */
        return 1;
    }
    if (old != NULL) { /* no longer findable, and ours until we put it */
        printf("%s takes the place of %s\n", name, ((session *)(void *)old)->name);
        gcast_put(registry, old);
    }
    return 0;
}

int main(void)
{
    gcast_registry_opts opts = {.keys = GCAST_KEYS_ID, .on_release = free_session};
    gcast_registry *registry = NULL;
    int failed = 0;

    if (gcast_registry_new(&registry, &opts) != GCAST_OK)
        return 1;
    gcast_thread_enter(registry);
    failed = come_in(registry, 7, "ada's telephone") || come_in(registry, 7, "ada's desktop");
    gcast_thread_leave(registry);
    gcast_registry_free(registry);
    return failed;
}
