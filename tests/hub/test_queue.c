/* SPDX-License-Identifier: MIT */
/* That frames are freed once and only once is seen by ASan. */
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "buf.h"
#include "failing_alloc.h"
#include "queue.h"

static frame_queue q;

static void teardown(void)
{
    queue_clear(&q);
    cr_assert_eq(q.bytes, 0);
}

TestSuite(hub_queue, .fini = teardown);

/* A frame of this text; topic: NULL for none. All topics have the same hash but for `spread`. */
static frame *make(const char *text, const char *topic, uint32_t spread)
{
    frame *f = frame_copy(view_of(text));

    return topic == NULL ? f : frame_with_topic(f, view_of(topic), spread);
}

static queue_put_result put(const char *text, const char *topic, uint32_t from)
{
    frame *f = make(text, topic, 7); /* every two topics collide */
    queue_put_result result = queue_put(&q, f, from);

    frame_put(f);
    return result;
}

/* What waits, in order, with a bar between segments. */
static const char *content(void)
{
    static buf text;
    uint32_t at = 0;

    buf_fini(&text);
    for (const segment *s; (s = queue_next(&q, &at)) != NULL;) {
        if (text.len != 0)
            buf_append_char(&text, '|');
        buf_append(&text, s->frame->data + s->from, s->to - s->from);
    }
    buf_append_char(&text, '\0');
    return text.data;
}

Test(hub_queue, keeps_the_order_of_frames_without_a_topic)
{
    for (int i = 0; i < 20; i++) {
        char text[8];

        (void)snprintf(text, sizeof text, "%c", 'a' + i);
        cr_assert_eq(put(text, NULL, 0), QUEUE_ADDED);
    }
    cr_assert_str_eq(content(), "a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t");
    cr_assert_eq(q.bytes, 20);
    cr_assert_eq(q.topic_bytes, 0);
}

Test(hub_queue, a_newer_frame_of_the_topic_takes_the_end)
{
    cr_assert_eq(put("a1", "a", 0), QUEUE_ADDED);
    cr_assert_eq(put("b1", "b", 0), QUEUE_ADDED);
    cr_assert_eq(put("plain", NULL, 0), QUEUE_ADDED);
    cr_assert_eq(put("a22", "a", 0), QUEUE_REPLACED);
    cr_assert_str_eq(content(), "b1|plain|a22");
    cr_assert_eq(q.bytes, 10);
    cr_assert_eq(q.topic_bytes, 5);
    cr_assert_eq(put("b2", "b", 0), QUEUE_REPLACED);
    cr_assert_str_eq(content(), "plain|a22|b2");
}

Test(hub_queue, topics_of_one_hash_are_told_apart)
{
    cr_assert_eq(put("1", "a", 0), QUEUE_ADDED);
    cr_assert_eq(put("2", "aa", 0), QUEUE_ADDED);
    cr_assert_eq(put("3", "b", 0), QUEUE_ADDED);
    cr_assert_eq(put("4", "aa", 0), QUEUE_REPLACED);
    cr_assert_str_eq(content(), "1|3|4");
}

Test(hub_queue, what_has_been_begun_is_not_replaced)
{
    cr_assert_eq(put("a1", "a", 0), QUEUE_ADDED);
    queue_advance(&q, 1);
    cr_assert_eq(put("a2", "a", 0), QUEUE_ADDED);
    cr_assert_eq(put("a3", "a", 0), QUEUE_REPLACED);
    cr_assert_str_eq(content(), "1|a3");
    queue_advance(&q, 1);
    cr_assert_str_eq(content(), "a3");
    cr_assert_eq(put("b1", "b", 1), QUEUE_ADDED); /* begun before it came */
    cr_assert_eq(put("b2", "b", 0), QUEUE_ADDED);
    cr_assert_str_eq(content(), "a3|1|b2");
    cr_assert_eq(q.bytes, 5);
    cr_assert_eq(q.topic_bytes, 5);
}

Test(hub_queue, what_was_taken_is_forgotten)
{
    frame *f = NULL;

    cr_assert_eq(put("a1", "a", 0), QUEUE_ADDED);
    cr_assert_eq(put("b1", "b", 0), QUEUE_ADDED);
    f = queue_take(&q);
    cr_assert(view_eq(frame_view(f), VIEW_LIT("a1")));
    frame_put(f);
    cr_assert_eq(put("a2", "a", 0), QUEUE_ADDED);
    cr_assert_str_eq(content(), "b1|a2");
    queue_advance(&q, 4);
    cr_assert_eq(q.count, 0);
    cr_assert_eq(q.bytes, 0);
}

Test(hub_queue, is_bounded_by_the_number_of_topics)
{
    char topic[2] = "a";

    for (int i = 0; i < 10000; i++) {
        topic[0] = (char)('a' + i % 5);
        (void)put("x", topic, 0);
    }
    cr_assert_eq(q.bytes, 5);
    cr_assert_leq(q.cap, 32);
}

Test(hub_queue, keeps_the_first_to_where_it_is_told)
{
    cr_assert_eq(put("abcdef", "a", 0), QUEUE_ADDED);
    cr_assert_eq(put("x", "b", 0), QUEUE_ADDED);
    cr_assert_eq(put("y", NULL, 0), QUEUE_ADDED);
    queue_advance(&q, 2);
    queue_keep_first(&q, 4);
    cr_assert_str_eq(content(), "cd");
    cr_assert_eq(q.bytes, 2);
    cr_assert_eq(put("z", "b", 0), QUEUE_ADDED);
    cr_assert_str_eq(content(), "cd|z");
}

Test(hub_queue, without_memory_nothing_changes)
{
    frame *f = make("x", NULL, 0);
    frame *keyed = make("k", "k", 0);

    for (int i = 0; i < 8; i++)
        cr_assert_eq(queue_put(&q, f, 0), QUEUE_ADDED);
    for (int i = 0; i < 2; i++) {
        failing_alloc_arm((unsigned)i);
        cr_expect_eq(queue_put(&q, keyed, 0), QUEUE_NOMEM);
        cr_expect(failing_alloc_disarm());
    }
    cr_expect_str_eq(content(), "x|x|x|x|x|x|x|x");
    cr_expect_eq(f->x_refs, 9);
    cr_expect_eq(keyed->x_refs, 1);
    frame_put(f);
    frame_put(keyed);
}

/* ---- the same as a list that is as plain as can be ---- */

enum { TOPICS = 40, STEPS = 40000, LIST_MAX = STEPS };

typedef struct model {
    struct {
        int topic; /* -1: none */
        char text[12];
    } items[LIST_MAX];
    int count;
    size_t begun; /* bytes of the first that are written */
} model;

static void model_remove(model *m, int at)
{
    m->count--;
    memmove(&m->items[at], &m->items[at + 1], (size_t)(m->count - at) * sizeof m->items[0]);
}

static bool model_put(model *m, int topic, const char *text)
{
    bool replaced = false;

    for (int i = 0; i < m->count; i++) {
        if (topic < 0 || m->items[i].topic != topic || (i == 0 && m->begun != 0))
            continue;
        model_remove(m, i);
        replaced = true;
        break;
    }
    m->items[m->count].topic = topic;
    (void)snprintf(m->items[m->count].text, sizeof m->items[0].text, "%s", text);
    m->count++;
    return replaced;
}

static void model_write(model *m, size_t count)
{
    while (count-- != 0 && m->count != 0) {
        m->begun++;
        if (m->items[0].text[m->begun] == '\0') {
            model_remove(m, 0);
            m->begun = 0;
        }
    }
}

static void must_agree(const model *m)
{
    uint32_t at = 0;
    size_t bytes = 0;

    for (int i = 0; i < m->count; i++) {
        const segment *s = queue_next(&q, &at);
        view rest = view_skip(view_of(m->items[i].text), i == 0 ? m->begun : 0);

        cr_assert_not_null(s);
        cr_assert(view_eq((view){s->frame->data + s->from, s->to - s->from}, rest));
        bytes += rest.len;
    }
    cr_assert_null(queue_next(&q, &at));
    cr_assert_eq(q.bytes, bytes);
}

Test(hub_queue, agrees_with_a_plain_list)
{
    static model m;

    srand(1);
    for (int step = 0; step < STEPS; step++) {
        int topic = rand() % (TOPICS + 1) - 1;
        char text[12];
        char name[12];
        frame *f = NULL;

        (void)snprintf(text, sizeof text, "%d", step);
        (void)snprintf(name, sizeof name, "t%d", topic);
        f = make(text, topic < 0 ? NULL : name, (uint32_t)topic / 3);
        cr_assert_eq(queue_put(&q, f, 0) == QUEUE_REPLACED, model_put(&m, topic, text));
        frame_put(f);
        if (rand() % 8 == 0) {
            size_t count = (size_t)rand() % 40;

            count = count < q.bytes ? count : q.bytes;
            queue_advance(&q, count);
            model_write(&m, count);
        }
        if (step % 16 == 0)
            must_agree(&m);
    }
}
