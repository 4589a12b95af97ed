/* SPDX-License-Identifier: MIT */
/*
 * The model with an actor: a connection manager, one thread that owns the map. Everything is a
 * message to it, and it handles one after the other.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "mailbox.h"
#include "map.h"
#include "model.h"

const unsigned model_queue_max = 100;

static mailbox box;
static sem_t wake;
static map clients; /* owner: the manager */

typedef struct message {
    letter letter;
    client *client; /* register, unregister */
    uint64_t id;    /* broadcast: the sender; send: the recipient */
    size_t len;
    char text[];
} message;

static void on_register(letter *l)
{
    message *m = container_of(l, message, letter);

    (void)map_add(&clients, &m->client->in.item); /* ids differ */
    net_registered(m->client);
    free(m);
}

static void on_unregister(letter *l)
{
    message *m = container_of(l, message, letter);

    (void)map_remove(&clients, m->client->id);
    net_released(m->client);
    free(m);
}

static void on_broadcast(letter *l)
{
    message *m = container_of(l, message, letter);
    item *slice[64];
    size_t at = 0;
    size_t count = 0;

    while ((count = map_slice(&clients, &at, slice, 64)) > 0)
        for (size_t i = 0; i < count; i++)
            if (slice[i]->id != m->id)
                net_offer(container_of(slice[i], client, in.item), m->text, m->len);
    free(m);
}

static void on_send_to_client(letter *l)
{
    message *m = container_of(l, message, letter);
    item *found = map_find(&clients, m->id);

    if (found != NULL)
        net_offer(container_of(found, client, in.item), m->text, m->len);
    free(m);
}

static void post(void (*open)(letter *l), const message *head, const char *text)
{
    message *m = malloc(sizeof *m + head->len);

    if (m == NULL)
        abort(); /* a registration cannot be dropped */
    *m = *head;
    m->letter.open = open;
    memcpy(m->text, text, head->len);
    mailbox_post(&box, &m->letter);
}

static void ring(void *unused)
{
    (void)unused;
    (void)sem_post(&wake);
}

static void *manage(void *unused)
{
    (void)unused;
    while (sem_wait(&wake) == 0 || errno == EINTR)
        (void)mailbox_drain(&box);
    return NULL;
}

bool model_start(void)
{
    pthread_t thread;

    mailbox_init(&box, ring, NULL);
    return sem_init(&wake, 0, 0) == 0 && pthread_create(&thread, NULL, manage, NULL) == 0;
}

void model_enter(void)
{
}

void model_register(client *c)
{
    post(on_register, &(message){.client = c}, "");
}

void model_unregister(client *c)
{
    post(on_unregister, &(message){.client = c}, "");
}

void model_broadcast(const client *from, const char *text, size_t len)
{
    post(on_broadcast, &(message){.id = from->id, .len = len}, text);
}

void model_send(uint64_t id, const char *text, size_t len)
{
    post(on_send_to_client, &(message){.id = id, .len = len}, text);
}
