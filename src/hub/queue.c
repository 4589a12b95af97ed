/* SPDX-License-Identifier: MIT */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SEGMENTS = 8, MAX_SEGMENTS = 1 << 28 };

static segment *segment_at(const frame_queue *q, uint32_t i)
{
    return &q->ring[(q->first + i) & (q->cap - 1)];
}

/* ---- the table of topics: linear probing, never more than half full ---- */

static bool same_topic(const frame *a, const frame *b)
{
    return a->topic_hash == b->topic_hash && view_eq(frame_topic(a), frame_topic(b));
}

/* May be replaced, and so is in the table. */
static bool is_open(const segment *s)
{
    return s->frame->topic_len != 0 && s->from == 0;
}

/* Where the topic of f is in the table, or the empty place for it. */
static uint32_t *find_place(const frame_queue *q, const frame *f)
{
    uint32_t mask = 2 * q->cap - 1;
    uint32_t i = f->topic_hash & mask;

    while (q->places[i] != 0 && !same_topic(q->ring[q->places[i] - 1].frame, f))
        i = (i + 1) & mask;
    return &q->places[i];
}

/* Empties the place of f's topic, and closes the gap for those that were put behind it. */
static void forget_place(frame_queue *q, const frame *f)
{
    uint32_t mask = 2 * q->cap - 1;
    uint32_t hole = (uint32_t)(find_place(q, f) - q->places);

    for (uint32_t i = (hole + 1) & mask; q->places[i] != 0; i = (i + 1) & mask) {
        uint32_t home = q->ring[q->places[i] - 1].frame->topic_hash & mask;

        if (((i - home) & mask) < ((i - hole) & mask))
            continue; /* it would come before its home */
        q->places[hole] = q->places[i];
        hole = i;
    }
    q->places[hole] = 0;
}

/* ---- the ring ---- */

static void note_place(frame_queue *q, const segment *s)
{
    if (is_open(s))
        *find_place(q, s->frame) = (uint32_t)(s - q->ring) + 1;
}

/* A ring without gaps and at least half empty, and a table if there are topics or `topics` says that
 * there will be. */
static bool rebuild(frame_queue *q, bool topics)
{
    uint32_t live = q->count - q->gaps;
    uint32_t cap = FIRST_SEGMENTS;

    if (live > MAX_SEGMENTS)
        return false;
    while (cap < 2 * live)
        cap *= 2;
    topics = topics || q->places != NULL;

    segment *ring = malloc(cap * sizeof *ring);
    uint32_t *places = topics ? calloc(2 * (size_t)cap, sizeof *places) : NULL;

    if (ring == NULL || (topics && places == NULL)) {
        free(ring);
        free(places);
        return false;
    }

    uint32_t count = 0;

    for (uint32_t i = 0; i < q->count; i++) {
        if (segment_at(q, i)->frame != NULL)
            ring[count++] = *segment_at(q, i);
    }
    free(q->ring);
    free(q->places);
    q->ring = ring;
    q->places = places;
    q->cap = cap;
    q->first = 0;
    q->count = count;
    q->gaps = 0;
    for (uint32_t i = 0; topics && i < count; i++)
        note_place(q, &ring[i]);
    return true;
}

static void count_bytes(frame_queue *q, const frame *f, size_t more, size_t less)
{
    q->bytes += more - less;
    if (f->topic_len != 0)
        q->topic_bytes += more - less;
}

/* The first one is no gap, or there is none at all. */
static void skip_gaps(frame_queue *q)
{
    while (q->count != 0 && segment_at(q, 0)->frame == NULL) {
        q->first = (q->first + 1) & (q->cap - 1);
        q->count--;
        q->gaps--;
    }
}

static void make_gap(frame_queue *q, segment *s)
{
    count_bytes(q, s->frame, 0, s->to);
    frame_put(s->frame);
    s->frame = NULL;
    q->gaps++;
    skip_gaps(q);
}

queue_put_result queue_put(frame_queue *q, frame *f, uint32_t from)
{
    segment fresh = {.frame = f, .from = from, .to = f->len};
    bool has_topic = is_open(&fresh);
    queue_put_result result = QUEUE_ADDED;

    if ((q->count == q->cap || (has_topic && q->places == NULL)) && !rebuild(q, has_topic))
        return QUEUE_NOMEM;

    uint32_t *place = has_topic ? find_place(q, f) : NULL;
    uint32_t older = place == NULL ? 0 : *place;
    segment *s = segment_at(q, q->count++);

    *s = fresh;
    (void)frame_get(f);
    count_bytes(q, f, f->len - from, 0);
    if (place != NULL)
        *place = (uint32_t)(s - q->ring) + 1;
    if (older != 0) {
        make_gap(q, &q->ring[older - 1]);
        result = QUEUE_REPLACED;
    }
    return result;
}

bool queue_put_first(frame_queue *q, frame *f)
{
    if (q->count == q->cap && !rebuild(q, false))
        return false;
    q->first = (q->first - 1) & (q->cap - 1);
    q->count++;
    *segment_at(q, 0) = (segment){.frame = frame_get(f), .to = f->len};
    count_bytes(q, f, f->len, 0);
    return true;
}

const segment *queue_first(const frame_queue *q)
{
    return segment_at(q, 0);
}

const segment *queue_next(const frame_queue *q, uint32_t *at)
{
    while (*at < q->count) {
        const segment *s = segment_at(q, (*at)++);

        if (s->frame != NULL)
            return s;
    }
    return NULL;
}

frame *queue_take(frame_queue *q)
{
    segment *s = segment_at(q, 0);
    frame *f = s->frame;

    if (is_open(s))
        forget_place(q, f);
    count_bytes(q, f, 0, s->to - s->from);
    q->first = (q->first + 1) & (q->cap - 1);
    q->count--;
    skip_gaps(q);
    return f;
}

void queue_advance(frame_queue *q, size_t written)
{
    while (written != 0) {
        segment *s = segment_at(q, 0);
        size_t left = s->to - s->from;

        if (written >= left) {
            written -= left;
            frame_put(queue_take(q));
            continue;
        }
        if (is_open(s))
            forget_place(q, s->frame);
        s->from += (uint32_t)written;
        count_bytes(q, s->frame, 0, written);
        return;
    }
}

void queue_keep_first(frame_queue *q, uint32_t to)
{
    segment first = *segment_at(q, 0);

    (void)frame_get(first.frame);
    while (q->count != 0)
        frame_put(queue_take(q));
    first.to = to;
    q->count = 1;
    *segment_at(q, 0) = first;
    count_bytes(q, first.frame, to - first.from, 0);
    if (q->places != NULL)
        note_place(q, segment_at(q, 0));
}

void queue_clear(frame_queue *q)
{
    uint32_t at = 0;

    for (const segment *s; (s = queue_next(q, &at)) != NULL;)
        frame_put(s->frame);
    free(q->ring);
    free(q->places);
    *q = (frame_queue){0};
}
