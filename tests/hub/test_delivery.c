/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <criterion/criterion.h>

#include "fake_hub.h"

static fake f;

static void setup(void)
{
    fake_open(&f, 1000);
}

static void teardown(void)
{
    fake_close(&f);
}

TestSuite(hub_delivery, .init = setup, .fini = teardown);

static void subscribe(fake_conn *c, const char *channel)
{
    cr_assert_eq(hub_subscribe(&c->conn, view_of(channel), NULL), GCAST_OK);
}

Test(hub_delivery, reaches_subscribers_of_every_worker_in_order)
{
    fake_conn *a = fake_connect(&f, 0, NULL);
    fake_conn *b = fake_connect(&f, 1, NULL);

    subscribe(a, "news");
    subscribe(b, "news");
    fake_publish(&f, "news", "1");
    fake_publish(&f, "news", "2");
    fake_run(&f);

    const char *expected = "{\"push\":{\"channel\":\"news\",\"pub\":{\"data\":1}}}|"
                           "{\"push\":{\"channel\":\"news\",\"pub\":{\"data\":2}}}";

    cr_assert_str_eq(fake_messages(a), expected);
    cr_assert_str_eq(fake_messages(b), expected);
    fake_disconnect(a);
    fake_disconnect(b);
}

Test(hub_delivery, what_is_due_to_all_and_what_is_due_to_some_do_not_mix)
{
    static const char *const channels[] = {"all", "first", "second"};
    fake_conn *c[3];

    for (int i = 0; i < 3; i++) {
        c[i] = fake_connect(&f, 0, NULL);
        subscribe(c[i], channels[0]);
        if (i != 0)
            subscribe(c[i], channels[i]);
    }
    fake_publish(&f, "all", "1"); /* the same for all three, */
    fake_publish(&f, "first", "2");
    fake_publish(&f, "second", "3"); /* and then not any more */
    fake_run(&f);
    fake_publish(&f, "second", "4");
    fake_publish(&f, "all", "5"); /* behind something */
    fake_publish(&f, "first", "6");
    fake_run(&f);
    cr_expect_str_eq(fake_data(c[0]), "1|5");
    for (int i = 0; i < 3; i++)
        cr_expect_eq(fake_count(c[i]), i == 0 ? 2 : 4);
    for (int i = 0; i < 3; i++)
        fake_disconnect(c[i]);
}

Test(hub_delivery, writes_what_is_due_to_a_connection_with_one_call)
{
    fake_conn *c = fake_connect(&f, 0, NULL);

    subscribe(c, "a");
    subscribe(c, "b");
    for (int i = 0; i < 10; i++) {
        fake_publish(&f, "a", "1");
        fake_publish(&f, "b", "2");
    }
    /* all of it is in the worker's mailbox before its turn, wherever the channels' home is */
    hub_worker_bind(NULL);
    (void)fake_turn(&f, 1);
    fake_run(&f);
    cr_assert_eq(fake_count(c), 20);
    cr_assert_leq(c->writes, 2);
    fake_disconnect(c);
}

Test(hub_delivery, does_not_reach_those_who_subscribe_later_or_have_left)
{
    fake_conn *early = fake_connect(&f, 0, NULL);
    fake_conn *late = fake_connect(&f, 0, NULL);
    fake_conn *gone = fake_connect(&f, 0, NULL);

    subscribe(early, "news");
    subscribe(gone, "news");
    fake_publish(&f, "news", "1");
    fake_run(&f);
    cr_assert_eq(hub_unsubscribe(&gone->conn, VIEW_LIT("news")), GCAST_OK);
    subscribe(late, "news");
    fake_publish(&f, "news", "2");
    fake_run(&f);
    cr_assert_eq(fake_count(early), 2);
    cr_assert_eq(fake_count(late), 1);
    cr_assert_eq(fake_count(gone), 1);
    fake_disconnect(early);
    fake_disconnect(late);
    fake_disconnect(gone);
}

Test(hub_delivery, sends_what_waits_before_a_later_reply)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    fake_conn *many[200];
    view reply = {"\1\0\0\0R", 5};

    for (int i = 0; i < 200; i++) {
        many[i] = fake_connect(&f, 0, NULL);
        subscribe(many[i], "news");
    }
    subscribe(c, "news");
    fake_publish(&f, "news", "1");
    (void)fake_turn(&f, 1); /* the home worker may be either */
    (void)fake_turn(&f, 0);
    (void)fake_turn(&f, 0);
    hub_conn_send(&c->conn, reply); /* whether c was served in these turns or not */
    fake_run(&f);
    cr_assert_str_eq(fake_messages(c), "{\"push\":{\"channel\":\"news\",\"pub\":{\"data\":1}}}|R");
    for (int i = 0; i < 200; i++)
        fake_disconnect(many[i]);
    fake_disconnect(c);
}

Test(hub_delivery, keeps_what_the_socket_does_not_take_and_the_order)
{
    fake_conn *c = fake_connect(&f, 0, NULL);

    subscribe(c, "n");
    c->room = 10;
    fake_publish(&f, "n", "1");
    fake_run(&f);
    cr_assert(c->wants_write);
    cr_assert_gt(hub_conn_queued(&c->conn), 0);
    fake_publish(&f, "n", "2");
    fake_run(&f);
    for (int i = 0; i < 200; i++) { /* byte by byte */
        c->room = 1;
        hub_conn_writable(&c->conn);
    }
    cr_assert_not(c->wants_write);
    cr_assert_eq(hub_conn_queued(&c->conn), 0);
    cr_assert_str_eq(fake_messages(c), "{\"push\":{\"channel\":\"n\",\"pub\":{\"data\":1}}}|"
                                       "{\"push\":{\"channel\":\"n\",\"pub\":{\"data\":2}}}");
    fake_disconnect(c);
}

Test(hub_delivery, disconnects_a_slow_connection_and_no_other)
{
    fake_conn *slow = fake_connect(&f, 0, NULL);
    fake_conn *fast = fake_connect(&f, 0, NULL);

    subscribe(slow, "n");
    subscribe(fast, "n");
    slow->room = 0;
    for (int i = 0; i < 100; i++) {
        fake_publish(&f, "n", "\"0123456789\"");
        fake_run(&f);
    }
    cr_assert_eq(slow->closed_with, DISCONNECT_SLOW);
    cr_assert_eq(fast->closed_with, 0);
    cr_assert_eq(fake_count(fast), 100);
    fake_disconnect(slow);
    fake_disconnect(fast);
}

Test(hub_delivery, what_is_said_at_the_end_reaches_a_connection_that_was_to_be_disconnected)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    char large[1000] = {0};
    uint32_t len = sizeof large - sizeof len;
    view half = {large, sizeof large};

    memcpy(large, &len, sizeof len);
    c->room = 0;
    hub_conn_send(&c->conn, half);
    hub_conn_send(&c->conn, half);
    hub_conn_send(&c->conn, (view){"\1\0\0\0N", 5}); /* too much: it will be disconnected */
    hub_conn_leave(&c->conn);
    hub_conn_send(&c->conn, (view){"\3\0\0\0end", 7});
    c->room = SIZE_MAX;
    hub_conn_writable(&c->conn);
    fake_run(&f);
    cr_expect_str_eq(fake_messages(c), "end");
    cr_expect_eq(c->closings, 0);
    fake_disconnect(c);
}

Test(hub_delivery, a_dropped_queue_ends_with_a_whole_message)
{
    fake_conn *c = fake_connect(&f, 0, NULL);

    subscribe(c, "n");
    c->room = 50; /* one message and a piece of the next */
    for (int i = 0; i < 5; i++)
        fake_publish(&f, "n", "7");
    fake_run(&f);
    hub_conn_drop_queue(&c->conn);
    c->room = SIZE_MAX;
    hub_conn_writable(&c->conn);
    cr_assert_str_eq(fake_messages(c), "{\"push\":{\"channel\":\"n\",\"pub\":{\"data\":7}}}|"
                                       "{\"push\":{\"channel\":\"n\",\"pub\":{\"data\":7}}}");
    fake_disconnect(c);
}

Test(hub_delivery, a_small_channel_comes_before_a_large_one_of_the_same_turn)
{
    enum { MANY = 1000 };
    fake_conn *many[MANY];
    fake_conn *c = fake_connect(&f, 0, NULL);
    unsigned served = 0;

    for (int i = 0; i < MANY; i++) {
        many[i] = fake_connect(&f, 0, NULL);
        subscribe(many[i], "large");
    }
    subscribe(c, "small");
    fake_publish(&f, "large", "1");
    fake_publish(&f, "small", "1");
    (void)fake_turn(&f, 1); /* one of the two is home to the channels */
    (void)fake_turn(&f, 0);
    for (int i = 0; i < MANY; i++)
        served += fake_count(many[i]);
    cr_assert_eq(fake_count(c), 1);
    cr_assert_gt(served, 0);
    cr_assert_lt(served, MANY);
    fake_run(&f);
    fake_disconnect(c);
    for (int i = 0; i < MANY; i++)
        fake_disconnect(many[i]);
}

Test(hub_delivery, a_small_channel_does_not_wait_for_a_large_one)
{
    enum { MANY = 1000 };
    fake_conn *many[MANY];
    fake_conn *c = fake_connect(&f, 0, NULL);
    unsigned served = 0;

    for (int i = 0; i < MANY; i++) {
        many[i] = fake_connect(&f, 0, NULL);
        subscribe(many[i], "large");
    }
    subscribe(c, "small");
    fake_publish(&f, "large", "1");
    for (unsigned at = 0; at < 2; at++)
        (void)fake_turn(&f, 1 - at); /* a first slice is served */
    fake_publish(&f, "small", "1");
    (void)fake_turn(&f, 1);
    (void)fake_turn(&f, 0);
    for (int i = 0; i < MANY; i++)
        served += fake_count(many[i]);
    cr_assert_eq(fake_count(c), 1);
    cr_assert_lt(served, MANY);
    fake_run(&f);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(fake_count(many[i]), 1);
        fake_disconnect(many[i]);
    }
    fake_disconnect(c);
}

Test(hub_delivery, a_large_channel_waits_for_those_only_who_came_before)
{
    enum { MANY = 300 };
    static const hub_select all = {.any_user = true};
    fake_conn *many[MANY];
    fake_conn *c = NULL;

    for (int i = 0; i < MANY; i++) {
        many[i] = fake_connect(&f, 0, NULL);
        if (i % 4 == 0)
            subscribe(many[i], "large");
    }
    c = many[0];
    for (int i = 0; i < 6; i++) { /* more than can be served: somebody is always dirty */
        cr_assert_eq(hub_send_message(f.hub, &all, VIEW_LIT("1")), MANY);
        (void)fake_turn(&f, 0);
    }
    fake_publish(&f, "large", "7");
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(hub_send_message(f.hub, &all, VIEW_LIT("1")), MANY);
        (void)fake_turn(&f, 1);
        cr_assert(fake_turn(&f, 0));
    }
    cr_expect(strstr(fake_messages(c), "\"data\":7") != NULL);
    fake_run(&f);
    for (int i = 0; i < MANY; i++)
        fake_disconnect(many[i]);
}

Test(hub_delivery, large_batches_arrive_whole)
{
    enum { MESSAGES = 3000 };
    fake_conn *c = fake_connect(&f, 1, NULL);
    char data[64];

    subscribe(c, "n");
    for (int i = 0; i < MESSAGES; i++) {
        (void)snprintf(data, sizeof data, "\"%048d\"", i);
        fake_publish(&f, "n", data);
    }
    fake_run(&f);
    cr_assert_eq(fake_count(c), MESSAGES);
    cr_assert_lt(c->writes, 10);
    cr_assert_eq(c->closed_with, 0);
    fake_disconnect(c);
}

/* Subscribes c to `count` channels of its own and publishes to each of them. */
static void fill(fake_conn *c, const char *name, int count)
{
    char channel[32];

    for (int i = 0; i < count; i++) {
        (void)snprintf(channel, sizeof channel, "%s-%d", name, i);
        subscribe(c, channel);
        fake_publish(&f, channel, "1");
    }
}

Test(hub_delivery, many_connections_with_much_due_get_all_of_it_whole)
{
    enum { MANY = 200, CHANNELS = 40, FEW = 10 };
    fake_conn *all[MANY];
    fake_conn *greedy = fake_connect(&f, 0, NULL); /* more than goes into one call */
    fake_conn *narrow = fake_connect(&f, 0, NULL);
    char channel[32];

    narrow->room = 100;
    for (int i = 0; i < MANY; i++)
        all[i] = fake_connect(&f, 0, NULL);
    for (int k = 0; k < CHANNELS; k++) {
        (void)snprintf(channel, sizeof channel, "all-%d", k);
        for (int i = 0; i < MANY; i++)
            subscribe(all[i], channel);
        if (k < FEW)
            subscribe(narrow, channel);
        fake_publish(&f, channel, "1");
    }
    fill(greedy, "greedy", 150);
    fake_run(&f);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(fake_count(all[i]), CHANNELS);
    cr_assert_eq(fake_count(greedy), 150);
    cr_assert_eq(narrow->wire.len, 100);
    narrow->room = SIZE_MAX;
    hub_conn_writable(&narrow->conn);
    cr_assert_eq(fake_count(narrow), FEW);
    for (int i = 0; i < MANY; i++)
        fake_disconnect(all[i]);
    fake_disconnect(greedy);
    fake_disconnect(narrow);
}

Test(hub_delivery, a_broken_connection_keeps_nothing_and_hinders_nobody)
{
    fake_conn *broken = fake_connect(&f, 0, NULL);
    fake_conn *whole = fake_connect(&f, 0, NULL);

    subscribe(broken, "n");
    subscribe(whole, "n");
    broken->broken = true;
    fake_publish(&f, "n", "1");
    fake_run(&f);
    cr_assert_eq(hub_conn_queued(&broken->conn), 0);
    cr_assert_eq(fake_count(whole), 1);
    fake_disconnect(broken);
    fake_disconnect(whole);
}

Test(hub_delivery, passes_the_publisher_and_tags_on)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    client_info info = {.user = VIEW_LIT("u"), .client = VIEW_LIT("id")};
    publication pub = {.data = VIEW_LIT("{ }"), .tags = VIEW_LIT("{\"k\":\"v\"}"), .info = &info};

    subscribe(c, "n");
    cr_assert_eq(hub_publish(f.hub, VIEW_LIT("n"), &pub), GCAST_OK);
    fake_run(&f);
    cr_assert_not_null(strstr(fake_messages(c), "\"data\":{ }"));
    cr_assert_not_null(strstr(fake_messages(c), "\"client\":\"id\""));
    cr_assert_not_null(strstr(fake_messages(c), "\"tags\":{\"k\":\"v\"}"));
    fake_disconnect(c);
}

Test(hub_delivery, a_publication_nobody_listens_to_leaves_nothing_behind)
{
    fake_publish(&f, "n", "1");
    fake_run(&f);
    cr_assert_eq(hub_count(f.hub).channels, 0);
}

Test(hub_delivery, a_flush_interval_gathers_publications_for_one_call)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    hub_sub_opts how = {.delivery.flush_ms = 60000};

    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("a"), &how), GCAST_OK);
    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("b"), &how), GCAST_OK);
    for (int i = 0; i < 5; i++) {
        fake_publish(&f, "a", "1");
        fake_publish(&f, "b", "2");
        fake_run(&f);
    }
    cr_assert_eq(fake_count(c), 0);

    uint64_t due_ms = hub_worker_due_ms(f.workers[0]);

    cr_assert_eq(due_ms % 60000, 0);
    f.now_ms = due_ms;
    fake_run(&f);
    cr_assert_eq(fake_count(c), 10);
    cr_assert_eq(c->writes, 1);
    cr_assert_eq(hub_worker_due_ms(f.workers[0]), UINT64_MAX);
    fake_disconnect(c);
}

Test(hub_delivery, who_joins_while_publications_gather_gets_only_later_ones)
{
    fake_conn *early = fake_connect(&f, 0, NULL);
    fake_conn *late = fake_connect(&f, 0, NULL);
    hub_sub_opts how = {.delivery.flush_ms = 60000};

    cr_assert_eq(hub_subscribe(&early->conn, VIEW_LIT("a"), &how), GCAST_OK);
    fake_publish(&f, "a", "1");
    fake_run(&f);
    cr_assert_eq(hub_subscribe(&late->conn, VIEW_LIT("a"), &how), GCAST_OK);
    fake_publish(&f, "a", "2");
    fake_run(&f);
    f.now_ms = hub_worker_due_ms(f.workers[0]);
    fake_run(&f);
    cr_assert_eq(fake_count(early), 2);
    cr_assert_eq(fake_count(late), 1);
    fake_disconnect(early);
    fake_disconnect(late);
}

Test(hub_delivery, the_end_waits_for_no_flush_interval_and_no_turn)
{
    enum { MANY = 500 };
    fake_conn *conns[MANY];
    hub_sub_opts how = {.delivery.flush_ms = 60000};

    for (int i = 0; i < MANY; i++) {
        conns[i] = fake_connect(&f, 0, NULL);
        subscribe(conns[i], "n");
        cr_assert_eq(hub_subscribe(&conns[i]->conn, VIEW_LIT("slow"), &how), GCAST_OK);
    }
    fake_publish(&f, "n", "1");
    fake_publish(&f, "slow", "2");
    (void)fake_turn(&f, 1); /* the home worker may be either */
    (void)fake_turn(&f, 0);
    fake_publish(&f, "n", "3");
    (void)fake_turn(&f, 1);
    hub_worker_bind(f.workers[0]);
    hub_worker_settle(f.workers[0], f.now_ms); /* opens it if the home is here */
    hub_worker_bind(NULL);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(fake_count(conns[i]), 3);
        fake_disconnect(conns[i]);
    }
}

Test(hub_delivery, a_connection_with_something_due_may_go_between_turns)
{
    enum { MANY = 500 };
    fake_conn *conns[MANY];
    unsigned served = 0;

    for (int i = 0; i < MANY; i++) {
        conns[i] = fake_connect(&f, 0, NULL);
        subscribe(conns[i], "n");
    }
    fake_publish(&f, "n", "1");
    (void)fake_turn(&f, 1); /* the home worker may be either */
    (void)fake_turn(&f, 0);
    for (int i = 0; i < MANY; i++)
        served += fake_count(conns[i]);
    cr_assert_lt(served, MANY); /* a slice: the others are dirty */
    for (int i = 0; i < MANY; i++)
        fake_disconnect(conns[i]);
    fake_settle(&f);
    cr_assert_eq(f.released, MANY);
}

Test(hub_delivery, a_frame_that_is_sent_waits_without_a_copy)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    frame *one = fake_sink.frame(VIEW_LIT("one"));

    c->room = 3;
    hub_conn_send_frame(&c->conn, one);
    cr_assert_eq(one->x_refs, 2);
    hub_conn_send_frame(&c->conn, one); /* behind the rest of the first */
    cr_assert_eq(one->x_refs, 3);
    c->room = SIZE_MAX;
    hub_conn_writable(&c->conn);
    cr_expect_str_eq(fake_messages(c), "one|one");
    cr_expect_eq(one->x_refs, 1);
    hub_conn_send_frame(&c->conn, one);
    cr_expect_eq(one->x_refs, 1);
    cr_expect_str_eq(fake_messages(c), "one|one|one");
    frame_put(one);
    fake_disconnect(c);
}
