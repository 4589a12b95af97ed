/* SPDX-License-Identifier: MIT */
/* The model with the registry: nobody waits for a broadcast. */
#include <stdlib.h>

#include "list.h"
#include "model.h"

const unsigned model_queue_max = 0;

static gcast_registry *clients;

static void on_release(gcast_entry *e, void *unused)
{
    (void)unused;
    net_released(container_of(e, client, in.entry));
}

bool model_start(void)
{
    const gcast_registry_opts opts = {.keys = GCAST_KEYS_ID, .on_release = on_release};

    return gcast_registry_new(&clients, &opts) == GCAST_OK;
}

void model_enter(void)
{
    gcast_thread_enter(clients);
}

void model_register(client *c)
{
    gcast_entry_init_id(&c->in.entry, c->id);
    if (gcast_add(clients, &c->in.entry) != GCAST_OK)
        abort(); /* no memory; the other models end here too */
    net_registered(c);
}

void model_unregister(client *c)
{
    (void)gcast_remove(clients, &c->in.entry); /* once only: it succeeds */
}

void model_broadcast(const client *from, const char *text, size_t len)
{
    gcast_entry *slice[64];
    gcast_cursor cursor = {0};
    size_t count = 0;

    do {
        gcast_read_begin(clients);
        count = gcast_next_batch(clients, &cursor, slice, 64);
        for (size_t i = 0; i < count; i++)
            if (slice[i] != &from->in.entry)
                net_offer(container_of(slice[i], client, in.entry), text, len);
        gcast_read_end(clients);
    } while (count == 64);
}

void model_send(uint64_t id, const char *text, size_t len)
{
    gcast_entry *found = NULL;

    gcast_read_begin(clients);
    found = gcast_peek(clients, id);
    if (found != NULL)
        net_offer(container_of(found, client, in.entry), text, len);
    gcast_read_end(clients);
}
