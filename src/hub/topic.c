/* SPDX-License-Identifier: MIT */
#include "hub_internal.h"
#include "json.h"

/* Appends what the tag is set to; nothing if there is none. */
static void append_tag(buf *out, view tags, view name)
{
    size_t start = out->len;
    json_iter it;
    view key;
    view value;

    if (!json_iter_init(&it, tags))
        return;
    while (json_iter_next(&it, &key, &value)) {
        if (!json_string_is(key, name))
            continue;
        out->len = start; /* of duplicate members the last counts */
        if (!json_string_decode(value, out) && !out->failed)
            buf_append_view(out, value);
    }
}

frame *topic_add(hub_worker *home, const hub_group *g, const publication *pub, frame *f)
{
    buf *topic = &home->topic;

    /* the length first, so that no two pairs of channel and key look alike */
    buf_reset(topic);
    buf_append(topic, &g->name_len, sizeof g->name_len);
    buf_append_view(topic, group_name(g));
    if (g->how.key_tag.len != 0 && pub->tags.len != 0)
        append_tag(topic, pub->tags, g->how.key_tag);
    if (topic->failed) {
        frame_put(f);
        return NULL;
    }

    uint64_t hash = gcasti_hash_bytes(&home->hub->seed, topic->data, topic->len);

    return frame_with_topic(f, buf_view(topic), (uint32_t)hash);
}
