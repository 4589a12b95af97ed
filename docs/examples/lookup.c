/* SPDX-License-Identifier: MIT */
/* gcast_peek(): finding an object by its id, inside a read section. */
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

/* The pointer is good until gcast_read_end(); so what is needed is done or copied before. */
static void print_name(gcast_registry *registry, uint64_t id)
{
    gcast_entry *e = NULL;

    gcast_read_begin(registry);
    e = gcast_peek(registry, id);
    printf("%llu: %s\n", (unsigned long long)id,
           e != NULL ? ((session *)(void *)e)->name : "nobody");
    gcast_read_end(registry);
}

int main(void)
{
    gcast_registry_opts opts = {.keys = GCAST_KEYS_ID, .on_release = free_session};
    gcast_registry *registry = NULL;
    session *s = malloc(sizeof *s);

    if (s == NULL || gcast_registry_new(&registry, &opts) != GCAST_OK)
        return 1;
    gcast_thread_enter(registry);

    s->name = "ada";
    gcast_entry_init_id(&s->entry, 7);
    if (gcast_add(registry, &s->entry) != GCAST_OK)
        return 1;
    print_name(registry, 7);
    print_name(registry, 8);

    gcast_thread_leave(registry);
    gcast_registry_free(registry); /* releases what is still in it */
    return 0;
}
