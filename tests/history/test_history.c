/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "failing_alloc.h"
#include "history.h"

enum { STREAMS = 4, TEXT = 1000 };

static history h;
static stream streams[STREAMS];
static stream_limits keep;
static char text[TEXT];

static void open_history(uint64_t max_bytes)
{
    history_init(&h, max_bytes);
    for (int i = 0; i < STREAMS; i++)
        history_add(&h, &streams[i], 0, 0, 0);
    keep = (stream_limits){.size = 100, .ttl_ms = 1000};
    memset(text, '1', sizeof text);
}

static void close_history(void)
{
    for (int i = 0; i < STREAMS; i++)
        history_remove(&h, &streams[i]);
    cr_expect_eq(h.bytes, 0);
    cr_expect_eq(h.bare_bytes, 0);
    cr_expect_eq(h.publications, 0);
    cr_expect_eq(h.streams, 0);
}

TestSuite(history_history, .fini = close_history);

static void publish(int which, int count, uint64_t now_ms)
{
    for (int i = 0; i < count; i++)
        cr_assert(history_store(&h, &streams[which], (view){text, sizeof text}, &keep, now_ms));
}

Test(history_history, counts_what_it_keeps)
{
    uint64_t before;

    open_history(UINT64_MAX);
    before = h.bytes;
    cr_expect_eq(h.bare_bytes, before);
    publish(0, 3, 0);
    cr_expect_eq(h.publications, 3);
    cr_expect_geq(h.bytes, before + 3UL * TEXT);
    cr_expect_lt(h.bytes, before + 3UL * (TEXT + 50));
    cr_expect_eq(h.bare_bytes, (STREAMS - 1) * sizeof(stream));
    history_drop(&h, &streams[0]);
    cr_expect_eq(h.bytes, before);
    cr_expect_eq(h.bare_bytes, before);
}

Test(history_history, the_least_recently_published_give_way_first)
{
    open_history(20000);
    publish(0, 5, 0);
    publish(1, 5, 0);
    publish(2, 5, 0);
    publish(0, 1, 0); /* now 1 is the oldest */
    cr_expect_eq(h.trimmed, 0);
    publish(3, 5, 0);
    cr_expect_leq(h.bytes, h.max_bytes);
    cr_expect_eq(h.trimmed, 5);
    cr_expect_eq(streams[1].count, 0);
    cr_expect_eq(streams[1].top, 5, "the position stays");
    cr_expect_eq(streams[0].count, 6);
    cr_expect_eq(streams[2].count, 5);
    cr_expect_eq(streams[3].count, 5);
}

Test(history_history, the_last_one_gives_its_oldest_first)
{
    open_history(5000 + STREAMS * sizeof(stream));
    publish(0, 50, 0);
    cr_expect_leq(h.bytes, h.max_bytes);
    cr_expect_gt(streams[0].count, 1);
    cr_expect_lt(streams[0].count, 5);
    cr_expect_eq(streams[0].top, 50);
    cr_expect_eq(h.trimmed, 50 - streams[0].count);
}

Test(history_history, what_is_larger_than_everything_is_numbered_and_not_kept)
{
    open_history(1000 + STREAMS * sizeof(stream));
    publish(0, 2, 0);
    cr_expect_eq(streams[0].count, 0);
    cr_expect_eq(streams[0].top, 2);
    cr_expect_leq(h.bytes, h.max_bytes);
}

Test(history_history, streams_without_publications_may_take_a_quarter)
{
    open_history(12 * sizeof(stream));
    cr_expect_eq(history_excess(&h), &streams[0], "the least recently used");
    history_touch(&h, &streams[0], 0, 0);
    cr_expect_eq(history_excess(&h), &streams[1]);
    history_remove(&h, &streams[1]);
    cr_expect_null(history_excess(&h));
    history_add(&h, &streams[1], 0, 0, 0);
}

Test(history_history, publications_go_together_after_the_ttl)
{
    open_history(UINT64_MAX);
    publish(0, 1, 0);
    publish(0, 1, 900);
    history_touch(&h, &streams[0], 0, 1899);
    cr_expect_eq(streams[0].count, 2, "the last one came at 900");
    history_touch(&h, &streams[0], 0, 1900);
    cr_expect_eq(streams[0].count, 0);
    cr_expect_eq(streams[0].top, 2);
}

static stream *sweep_all(uint64_t now_ms)
{
    stream *found = NULL;

    for (int i = 0; i < STREAMS; i++) {
        stream *s = history_sweep(&h, now_ms);

        found = s != NULL ? s : found;
    }
    return found;
}

Test(history_history, a_round_of_sweeps_drops_what_has_expired)
{
    open_history(UINT64_MAX);
    publish(1, 1, 0);
    publish(2, 1, 500);
    cr_expect_null(sweep_all(1000));
    cr_expect_eq(streams[1].count, 0);
    cr_expect_eq(streams[2].count, 1);
}

Test(history_history, a_stream_is_forgotten_when_it_is_not_used)
{
    open_history(UINT64_MAX);
    keep.meta_ttl_ms = 5000;
    publish(0, 1, 0);
    cr_expect_null(sweep_all(4999));
    cr_expect_eq(sweep_all(5000), &streams[0]);
    history_touch(&h, &streams[0], 5000, 5000);
    cr_expect_null(sweep_all(9999));
}

Test(history_history, a_position_does_not_go_before_its_publications)
{
    open_history(UINT64_MAX);
    keep.meta_ttl_ms = 10;
    publish(0, 1, 0);
    cr_expect_null(sweep_all(999));
    cr_expect_eq(sweep_all(1000), &streams[0]);
}

Test(history_history, a_stream_of_ttl_for_ever_stays)
{
    open_history(UINT64_MAX);
    keep.ttl_ms = UINT64_MAX;
    publish(0, 1, 77);
    cr_expect_null(sweep_all(UINT64_MAX - 1));
    cr_expect_eq(streams[0].count, 1);
}

Test(history_history, without_memory_nothing_changes)
{
    open_history(UINT64_MAX);
    for (int kept = 0; kept < 4; kept++) { /* with a full ring, and with room in it */
        uint64_t bytes = h.bytes;
        bool done = false;

        for (size_t nth = 0; !done; nth++) {
            failing_alloc_arm(nth);
            done = history_store(&h, &streams[0], (view){text, sizeof text}, &keep, 0);
            cr_expect_eq(failing_alloc_disarm(), !done);
            if (!done) {
                cr_expect_eq(h.bytes, bytes);
                cr_expect_eq(streams[0].top, (uint64_t)kept);
                cr_expect_eq(streams[0].count, (uint32_t)kept);
            }
        }
        cr_expect_eq(streams[0].count, (uint32_t)kept + 1);
    }
}
