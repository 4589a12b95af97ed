/* SPDX-License-Identifier: MIT */
/* The QSBR flavour: sections cost nothing, but the loop says once per turn that it is in none, and
 * goes offline while it waits. */
#include <poll.h>
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

int main(void)
{
    gcast_registry_opts opts = {
        .keys = GCAST_KEYS_ID, .flavor = GCAST_FLAVOR_QSBR, .on_release = free_session};
    gcast_registry *registry = NULL;
    session *s = malloc(sizeof *s);

    if (s == NULL || gcast_registry_new(&registry, &opts) != GCAST_OK)
        return 1;
    gcast_thread_enter(registry);
    s->name = "ada";
    gcast_entry_init_id(&s->entry, 7);
    if (gcast_add(registry, &s->entry) != GCAST_OK)
        return 1;

    for (int turn = 0; turn < 3; turn++) {
        gcast_thread_offline(registry); /* we may sleep for long: do not hold up others */
        (void)poll(NULL, 0, 1);
        gcast_thread_online(registry);

        gcast_read_begin(registry); /* costs nothing, but says what is meant */
        printf("turn %d finds %s\n", turn, ((session *)(void *)gcast_peek(registry, 7))->name);
        gcast_read_end(registry);
    }
    gcast_thread_leave(registry);
    gcast_registry_free(registry);
    return 0;
}
