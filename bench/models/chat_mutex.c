/* SPDX-License-Identifier: MIT */
/* The model with one lock: registration, look-up and broadcast all hold it. */
#include <pthread.h>
#include <stdlib.h>

#include "list.h"
#include "map.h"
#include "model.h"

const unsigned model_queue_max = 0;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static map clients; /* lock */

bool model_start(void)
{
    return true;
}

void model_enter(void)
{
}

void model_register(client *c)
{
    (void)pthread_mutex_lock(&lock);
    (void)map_add(&clients, &c->in.item); /* ids differ */
    (void)pthread_mutex_unlock(&lock);
    net_registered(c);
}

void model_unregister(client *c)
{
    (void)pthread_mutex_lock(&lock);
    (void)map_remove(&clients, c->id);
    (void)pthread_mutex_unlock(&lock);
    net_released(c);
}

void model_broadcast(const client *from, const char *text, size_t len)
{
    item *slice[64];
    size_t at = 0;
    size_t count = 0;

    (void)pthread_mutex_lock(&lock);
    while ((count = map_slice(&clients, &at, slice, 64)) > 0)
        for (size_t i = 0; i < count; i++)
            if (slice[i] != &from->in.item)
                net_offer(container_of(slice[i], client, in.item), text, len);
    (void)pthread_mutex_unlock(&lock);
}

void model_send(uint64_t id, const char *text, size_t len)
{
    item *found = NULL;

    (void)pthread_mutex_lock(&lock);
    found = map_find(&clients, id);
    if (found != NULL)
        net_offer(container_of(found, client, in.item), text, len);
    (void)pthread_mutex_unlock(&lock);
}
