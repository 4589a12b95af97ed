/* SPDX-License-Identifier: MIT */
/*
 * What became of publications with an idempotency key, for five minutes: a repetition gets the first
 * one's result and is not published. Each result belongs to the home worker of its channel, which alone
 * uses it; they share a registry because that is a hash table that never stops to grow.
 */
#include <stdlib.h>

#include "hub_internal.h"

enum {
    RESULT_TTL_MS = 300000,
    RESULTS_SHARE = 8, /* of the memory for streams: one part in eight */
};

typedef struct result {
    gcast_entry entry; /* const but for the registry's use */
    list order;        /* home: in worker->results, the oldest first */
    uint64_t gone_ms;  /* const */
    hub_position at;   /* const */
    size_t bytes;      /* const: all of it */
    uint32_t key_len;  /* const */
    char key[];        /* const: channel, NUL, idempotency key */
} result;

void result_on_release(gcast_entry *e, void *arg)
{
    (void)arg;
    free(container_of(e, result, entry));
}

static result *result_new(view channel, view key)
{
    size_t key_len = channel.len + 1 + key.len;
    result *r = key_len > UINT32_MAX ? NULL : malloc(sizeof *r + key_len);

    if (r == NULL)
        return NULL;
    r->bytes = sizeof *r + key_len;
    r->key_len = (uint32_t)key_len;
    memcpy(r->key, channel.ptr, channel.len);
    r->key[channel.len] = '\0'; /* no channel's name has one */
    memcpy(r->key + channel.len + 1, key.ptr, key.len);
    list_init(&r->order);
    gcast_entry_init_bytes(&r->entry, r->key, r->key_len);
    return r;
}

static void forget_oldest(hub_worker *w)
{
    result *r = container_of(w->results.next, result, order);

    list_remove(&r->order);
    w->result_bytes -= r->bytes;
    (void)gcast_remove(w->hub->results, &r->entry); /* nobody else removes it */
}

bool result_find(hub_worker *w, view channel, view key, hub_position *at)
{
    result *probe = result_new(channel, key);
    gcast_registry *results = w->hub->results;
    bool found = false;

    if (probe == NULL)
        return false;
    results_sweep(w);
    gcast_read_begin(results);
    gcast_entry *e = gcast_peek_bytes(results, probe->key, probe->key_len);

    if (e != NULL) {
        *at = container_of(e, result, entry)->at;
        found = true;
    }
    gcast_read_end(results);
    free(probe);
    return found;
}

void result_keep(hub_worker *w, view channel, view key, const hub_position *at)
{
    result *r = result_new(channel, key);

    if (r != NULL) {
        r->gone_ms = w->now_ms + RESULT_TTL_MS;
        r->at = *at;
    }
    if (r == NULL || gcast_add(w->hub->results, &r->entry) != GCAST_OK) {
        metric_add(&w->metrics.x_out_of_memory, 1);
        free(r);
        return;
    }
    list_add_tail(&w->results, &r->order);
    w->result_bytes += r->bytes;
    while (w->result_bytes > w->history.max_bytes / RESULTS_SHARE)
        forget_oldest(w);
    if (w->sweep_ms > r->gone_ms)
        w->sweep_ms = r->gone_ms;
}

void results_sweep(hub_worker *w)
{
    while (!list_empty(&w->results) &&
           container_of(w->results.next, result, order)->gone_ms <= w->now_ms)
        forget_oldest(w);
}

void results_close(hub_worker *w)
{
    while (!list_empty(&w->results))
        forget_oldest(w);
}
