/* SPDX-License-Identifier: MIT */
/* gcast_peek_bytes(): keys that are byte strings, and may come from outside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gracecast/registry.h>

typedef struct channel {
    gcast_entry entry;
    char name[32]; /* lives as long as the entry, as a key must */
} channel;

static void free_channel(gcast_entry *e, void *arg)
{
    (void)arg;
    free(e);
}

static int has(gcast_registry *registry, const char *name)
{
    int found = 0;

    gcast_read_begin(registry);
    found = gcast_peek_bytes(registry, name, strlen(name)) != NULL;
    gcast_read_end(registry);
    return found;
}

int main(void)
{
    gcast_registry_opts opts = {.keys = GCAST_KEYS_BYTES, .on_release = free_channel};
    gcast_registry *registry = NULL;
    channel *c = calloc(1, sizeof *c);

    if (c == NULL || gcast_registry_new(&registry, &opts) != GCAST_OK)
        return 1;
    gcast_thread_enter(registry);
    memcpy(c->name, "news", 4);
    gcast_entry_init_bytes(&c->entry, c->name, 4);
    if (gcast_add(registry, &c->entry) != GCAST_OK)
        return 1;
    printf("news: %d, olds: %d\n", has(registry, "news"), has(registry, "olds"));
    gcast_thread_leave(registry);
    gcast_registry_free(registry);
    return 0;
}
