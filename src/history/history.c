/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <stdlib.h>

#include "random.h"

enum {
    FIRST_ITEMS = 1, /* most channels that keep one publication keep no more */
    ALLOCATION = 16, /* bytes that each allocation costs besides its own */
    BARE_SHARE = 4,  /* of the memory, for streams without publications: one part in four */
};

void history_init(history *h, uint64_t max_bytes)
{
    *h = (history){.max_bytes = max_bytes};
    list_init(&h->filled);
    list_init(&h->bare);
    list_init(&h->round);
}

static void make_epoch(stream_epoch *e)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    unsigned char bytes[STREAM_EPOCH_LEN];

    random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < STREAM_EPOCH_LEN; i++)
        e->text[i] = letters[bytes[i] % (sizeof letters - 1)]; /* need not be uniform */
}

static uint64_t later(uint64_t now_ms, uint64_t by_ms)
{
    return by_ms < UINT64_MAX - now_ms ? now_ms + by_ms : UINT64_MAX;
}

/* ---- what it costs ---- */

static void charge(history *h, stream *s, uint64_t bytes)
{
    s->bytes += bytes;
    h->bytes += bytes;
    if (!s->filled)
        h->bare_bytes += bytes;
}

static void discharge(history *h, stream *s, uint64_t bytes)
{
    charge(h, s, 0 - bytes);
}

/* Moves a stream to the end of the list it belongs to now. */
static void file(history *h, stream *s)
{
    if (s->filled && s->count == 0)
        h->bare_bytes += s->bytes;
    if (!s->filled && s->count != 0)
        h->bare_bytes -= s->bytes;
    s->filled = s->count != 0;
    list_remove(&s->order);
    list_add_tail(s->filled ? &h->filled : &h->bare, &s->order);
}

static size_t item_cost(const stream_item *item)
{
    return item->len + ALLOCATION;
}

static void set_life(stream *s, uint64_t meta_ttl_ms, uint64_t now_ms)
{
    s->forget_ms = meta_ttl_ms == 0 ? UINT64_MAX : later(now_ms, meta_ttl_ms);
    if (s->count != 0 && s->forget_ms < s->expires_ms)
        s->forget_ms = s->expires_ms; /* a position does not go before what it counts */
}

/* ---- streams ---- */

void history_add(history *h, stream *s, size_t extra_bytes, uint64_t meta_ttl_ms, uint64_t now_ms)
{
    *s = (stream){0};
    list_init(&s->order);
    list_init(&s->round);
    make_epoch(&s->epoch);
    set_life(s, meta_ttl_ms, now_ms);
    list_add_tail(&h->bare, &s->order);
    list_add_tail(&h->round, &s->round);
    h->streams++;
    charge(h, s, sizeof *s + extra_bytes);
}

static void drop_oldest(history *h, stream *s)
{
    stream_item *item = &s->items[s->first];

    discharge(h, s, item_cost(item));
    free(item->text);
    s->first = stream_slot(s, 1);
    s->count--;
    h->publications--;
}

void history_drop(history *h, stream *s)
{
    if (s->count == 0)
        return;
    while (s->count > 1)
        drop_oldest(h, s);
    discharge(h, s, s->cap * sizeof *s->items);
    drop_oldest(h, s);
    free(s->items);
    s->items = NULL;
    s->cap = s->first = 0;
    file(h, s);
}

void history_remove(history *h, stream *s)
{
    history_drop(h, s);
    discharge(h, s, s->bytes);
    list_remove(&s->order);
    list_remove(&s->round);
    h->streams--;
    free(s->version_epoch);
    s->version_epoch = NULL;
}

static void expire(history *h, stream *s, uint64_t now_ms)
{
    if (s->count != 0 && now_ms >= s->expires_ms)
        history_drop(h, s);
}

void history_touch(history *h, stream *s, uint64_t meta_ttl_ms, uint64_t now_ms)
{
    expire(h, s, now_ms);
    set_life(s, meta_ttl_ms, now_ms);
    if (s->count == 0)
        file(h, s);
}

/* ---- publications ---- */

/* Makes room in the ring for one more, up to `size`. false: out of memory. */
static bool grow(history *h, stream *s, uint32_t size)
{
    uint32_t cap = s->cap == 0 ? FIRST_ITEMS : s->cap < size / 2 ? s->cap * 2 : size;

    if (s->count < s->cap)
        return true;

    stream_item *items = malloc(cap * sizeof *items);

    if (items == NULL)
        return false;
    for (uint32_t i = 0; i < s->count; i++)
        items[i] = s->items[stream_slot(s, i)];
    free(s->items);
    charge(h, s, (cap - s->cap) * sizeof *items);
    s->items = items;
    s->cap = cap;
    s->first = 0;
    return true;
}

/* Brings what is kept under the limit. What has just been stored is the last to give way. */
static void trim(history *h)
{
    while (h->bytes > h->max_bytes && !list_empty(&h->filled)) {
        stream *s = container_of(h->filled.next, stream, order);

        if (h->filled.prev != h->filled.next || s->count == 1) {
            h->trimmed += s->count;
            history_drop(h, s);
        } else {
            h->trimmed++;
            drop_oldest(h, s);
        }
    }
}

bool history_store(history *h, stream *s, view publication, const stream_limits *limits,
                   uint64_t now_ms)
{
    char *text = publication.len > UINT32_MAX ? NULL : malloc(publication.len);

    if (text == NULL)
        return false;
    if (s->count < limits->size && !grow(h, s, limits->size)) {
        free(text);
        return false;
    }
    while (s->count >= limits->size)
        drop_oldest(h, s);
    memcpy(text, publication.ptr, publication.len);

    stream_item *item = &s->items[stream_slot(s, s->count)];

    *item = (stream_item){.text = text, .len = (uint32_t)publication.len};
    charge(h, s, item_cost(item));
    s->count++;
    s->top++;
    h->publications++;
    s->expires_ms = later(now_ms, limits->ttl_ms);
    set_life(s, limits->meta_ttl_ms, now_ms);
    file(h, s);
    trim(h);
    return true;
}

/* ---- giving way ---- */

stream *history_excess(const history *h)
{
    if (h->bare_bytes <= h->max_bytes / BARE_SHARE || list_empty(&h->bare))
        return NULL;
    return container_of(h->bare.next, stream, order);
}

stream *history_sweep(history *h, uint64_t now_ms)
{
    if (list_empty(&h->round))
        return NULL;

    stream *s = container_of(h->round.next, stream, round);

    list_remove(&s->round);
    list_add_tail(&h->round, &s->round);
    expire(h, s, now_ms);
    return stream_is_over(s, now_ms) ? s : NULL;
}
