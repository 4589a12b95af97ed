/* SPDX-License-Identifier: MIT */
#include "frame.h"

#include <stdlib.h>

frame *frame_new(size_t len)
{
    if (len > UINT32_MAX)
        return NULL;

    frame *f = malloc(sizeof *f + len);

    if (f == NULL)
        return NULL;
    atomic_init(&f->x_refs, 1);
    f->len = (uint32_t)len;
    f->mark = 0;
    f->topic_len = 0;
    f->topic_hash = 0;
    return f;
}

frame *frame_copy(view bytes)
{
    frame *f = frame_new(bytes.len);

    if (f != NULL && bytes.len != 0)
        memcpy(f->data, bytes.ptr, bytes.len);
    return f;
}

frame *frame_with_topic(frame *f, view topic, uint32_t hash)
{
    frame *larger = topic.len > UINT32_MAX ? NULL : realloc(f, sizeof *f + f->len + topic.len);

    if (larger == NULL) {
        free(f);
        return NULL;
    }
    if (topic.len != 0)
        memcpy(larger->data + larger->len, topic.ptr, topic.len);
    larger->topic_len = (uint32_t)topic.len;
    larger->topic_hash = hash;
    return larger;
}

void frame_put(frame *f)
{
    if (f == NULL)
        return;
    /*
     * ORDER  every holder's reads of f -> the free by the last one.
     * PAIRS  the same decrement in the other threads.
     * ELSE   a slow reader's load could be ordered after another thread's free.
     */
    if (atomic_fetch_sub_explicit(&f->x_refs, 1, memory_order_acq_rel) == 1)
        free(f);
}
