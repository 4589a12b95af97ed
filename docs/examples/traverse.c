/* SPDX-License-Identifier: MIT */
/* gcast_next_batch(): visiting every object, in slices, so that no read section is long. */
#include <stdio.h>
#include <stdlib.h>

#include <gracecast/registry.h>

enum { SESSIONS = 1000, SLICE = 64 };

typedef struct session {
    gcast_entry entry; /* first, so that a pointer to it is a pointer to the session */
    const char *name;
} session;

static void free_session(gcast_entry *e, void *arg)
{
    (void)arg;
    free(e);
}

static size_t visit_all(gcast_registry *registry)
{
    gcast_entry *slice[SLICE];
    gcast_cursor cursor;
    size_t visited = 0;
    size_t got = 0;

    gcast_cursor_init(&cursor);
    do {
        gcast_read_begin(registry);
        got = gcast_next_batch(registry, &cursor, slice, SLICE);
        for (size_t i = 0; i < got; i++)
            visited += ((session *)(void *)slice[i])->name != NULL;
        gcast_read_end(registry); /* slice[] is dead now; the cursor goes on */
    } while (got > 0);
    return visited;
}

int main(void)
{
    gcast_registry_opts opts = {.keys = GCAST_KEYS_ID, .on_release = free_session};
    gcast_registry *registry = NULL;

    if (gcast_registry_new(&registry, &opts) != GCAST_OK)
        return 1;
    gcast_thread_enter(registry);
    for (int i = 0; i < SESSIONS; i++) {
        session *s = malloc(sizeof *s);

        if (s == NULL)
            return 1;
        s->name = "somebody";
        gcast_entry_init_id(&s->entry, gcast_id_new());
        if (gcast_add(registry, &s->entry) != GCAST_OK)
            return 1;
    }
    printf("%zu visited\n", visit_all(registry));
    gcast_thread_leave(registry);
    gcast_registry_free(registry);
    return 0;
}
