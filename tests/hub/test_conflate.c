/* SPDX-License-Identifier: MIT */
/* Channels of which a slow connection gets the newest only. */
#include <stdio.h>
#include <stdlib.h>

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

TestSuite(hub_conflate, .init = setup, .fini = teardown);

static void subscribe(fake_conn *c, const char *channel)
{
    hub_sub_opts opts = {.delivery = {.latest = true, .key_tag = VIEW_LIT("k")}};

    cr_assert_eq(hub_subscribe(&c->conn, view_of(channel), &opts), GCAST_OK);
}

static void publish(const char *channel, const char *tags, const char *data)
{
    publication pub = {.data = view_of(data), .tags = view_of(tags)};

    cr_assert_eq(hub_publish(f.hub, view_of(channel), &pub), GCAST_OK);
}

static uint64_t conflated(void)
{
    metrics sum = {0};

    hub_metrics(f.hub, &sum);
    return sum.x_conflated_total;
}

/* The socket takes everything now. */
static void unblock(fake_conn *c)
{
    c->room = SIZE_MAX;
    hub_conn_writable(&c->conn);
}

Test(hub_conflate, whoever_keeps_up_gets_every_publication)
{
    fake_conn *c = fake_connect(&f, 0, NULL);

    subscribe(c, "n");
    for (int i = 0; i < 10; i++)
        publish("n", "", "1");
    fake_run(&f);
    cr_assert_eq(fake_count(c), 10);
    cr_assert_eq(c->writes, 1);
    cr_assert_eq(conflated(), 0);
    fake_disconnect(c);
}

Test(hub_conflate, a_blocked_connection_gets_the_newest)
{
    fake_conn *c = fake_connect(&f, 0, NULL);

    subscribe(c, "n");
    c->room = 0;
    for (int i = 1; i <= 100; i++) {
        char data[8];

        (void)snprintf(data, sizeof data, "%d", i);
        publish("n", "", data);
        fake_run(&f);
    }
    cr_assert_eq(conflated(), 99);
    unblock(c);
    cr_assert_str_eq(fake_data(c), "100");
    cr_assert_eq(c->closed_with, 0);
    publish("n", "", "101");
    fake_run(&f);
    cr_assert_str_eq(fake_data(c), "100|101");
    fake_disconnect(c);
}

Test(hub_conflate, a_message_that_is_on_the_wire_is_finished_first)
{
    fake_conn *c = fake_connect(&f, 0, NULL);

    subscribe(c, "n");
    c->room = 10;
    for (int i = 0; i < 3; i++) {
        publish("n", "", "1");
        fake_run(&f);
    }
    publish("n", "", "2");
    fake_run(&f);
    unblock(c);
    cr_assert_str_eq(fake_data(c), "1|2");
    fake_disconnect(c);
}

Test(hub_conflate, keys_and_channels_are_kept_apart_in_the_order_of_their_newest)
{
    fake_conn *c = fake_connect(&f, 0, NULL);

    subscribe(c, "m");
    subscribe(c, "n");
    c->room = 0;
    publish("n", "{\"k\":\"a\"}", "1");
    fake_run(&f);
    publish("n", "{\"x\":\"a\",\"k\":\"b\"}", "2");
    fake_run(&f);
    publish("m", "{\"k\":\"a\"}", "3");
    fake_run(&f);
    publish("n", "", "4");
    fake_run(&f);
    publish("n", "{\"k\":\"\\u0061\"}", "5"); /* spelt otherwise, the same */
    fake_run(&f);
    publish("n", "{\"k\":\"z\",\"k\":\"b\"}", "6"); /* the last one counts */
    fake_run(&f);
    unblock(c);
    cr_assert_str_eq(fake_data(c), "3|4|5|6");
    cr_assert_eq(conflated(), 2);
    fake_disconnect(c);
}

Test(hub_conflate, the_channel_has_its_own_copy_of_the_tag)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    char *tag = strdup("key");
    hub_sub_opts opts = {.delivery = {.latest = true, .key_tag = view_of(tag)}};

    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("n"), &opts), GCAST_OK);
    free(tag);
    c->room = 0;
    publish("n", "{\"key\":\"a\"}", "1");
    publish("n", "{\"key\":\"b\"}", "2");
    fake_run(&f);
    unblock(c);
    cr_assert_str_eq(fake_data(c), "1|2");
    fake_disconnect(c);
}

Test(hub_conflate, publications_of_one_sweep_are_taken_apart_when_the_socket_is_full)
{
    fake_conn *whole = fake_connect(&f, 0, NULL);
    fake_conn *begun = fake_connect(&f, 0, NULL);
    fake_conn *full = fake_connect(&f, 0, NULL);
    size_t len;

    subscribe(begun, "n");
    publish("n", "{\"k\":\"a\"}", "0");
    fake_run(&f);
    len = begun->wire.len; /* of one message */
    subscribe(full, "n");
    subscribe(whole, "n");
    begun->room = len + len / 2;
    full->room = 0;
    for (int i = 1; i <= 3; i++) {
        char data[8];

        (void)snprintf(data, sizeof data, "%d", i);
        publish("n", "{\"k\":\"a\"}", data);
        publish("n", "{\"k\":\"b\"}", data);
    }
    fake_run(&f);
    cr_assert_eq(fake_count(whole), 6);
    cr_assert_eq(hub_conn_queued(&full->conn), 2 * len);
    unblock(full);
    unblock(begun);
    cr_assert_str_eq(fake_data(full), "3|3");
    cr_assert_str_eq(fake_data(begun), "0|1|1|3|3"); /* the second was on the wire */
    fake_disconnect(whole);
    fake_disconnect(begun);
    fake_disconnect(full);
}

Test(hub_conflate, so_are_those_of_a_sweep_of_several_runs)
{
    fake_conn *c = fake_connect(&f, 0, NULL);

    subscribe(c, "n");
    c->room = 0;
    for (int i = 0; i < 200; i++) { /* 200 kB in one sweep */
        char tags[32];
        char data[1024];

        (void)snprintf(tags, sizeof tags, "{\"k\":\"%d\"}", i % 100);
        (void)snprintf(data, sizeof data, "%01000d", i);
        publish("n", tags, data);
    }
    fake_run(&f);
    cr_assert_eq(conflated(), 100);
    unblock(c);
    cr_assert_eq(fake_count(c), 100);

    const char *at = fake_data(c);

    for (int i = 100; i < 200; i++, at += 1001) /* a number and a bar */
        cr_assert_eq(strtol(at, NULL, 10), i);
    fake_disconnect(c);
}

Test(hub_conflate, joins_among_them_go_to_those_who_are_told)
{
    enum { TOLD = HUB_SUB_TELLS | HUB_SUB_IS_TOLD };
    hub_sub_opts opts = {.delivery.latest = true, .flags = TOLD};
    fake_conn *quick = fake_connect(&f, 0, "ann");
    fake_conn *told = fake_connect(&f, 0, "bob");
    fake_conn *plain = fake_connect(&f, 0, "eve");
    fake_conn *late = fake_connect(&f, 0, "joe");

    cr_assert_eq(hub_subscribe(&quick->conn, VIEW_LIT("n"), &opts), GCAST_OK);
    cr_assert_eq(hub_subscribe(&told->conn, VIEW_LIT("n"), &opts), GCAST_OK);
    subscribe(plain, "n");
    fake_run(&f);
    buf_reset(&quick->wire);
    buf_reset(&told->wire);
    told->room = 0;
    plain->room = 0;
    for (int i = 0; i < 6; i++) {
        publish("n", "", i < 3 ? "1" : "2");
        if (i == 2)
            cr_assert_eq(hub_subscribe(&late->conn, VIEW_LIT("n"), &opts), GCAST_OK);
    }
    fake_run(&f);
    unblock(told);
    unblock(plain);
    cr_assert_str_eq(fake_data(quick), "1|1|1|2|2|2");
    cr_assert_eq(fake_count(quick), 7);
    cr_assert_str_eq(fake_data(told), "2");
    cr_assert_not_null(strstr(fake_messages(told), "\"join\""));
    cr_assert_eq(fake_count(told), 2);
    cr_assert_str_eq(fake_messages(plain), "{\"push\":{\"channel\":\"n\",\"pub\":{\"data\":2}}}");
    fake_disconnect(quick);
    fake_disconnect(told);
    fake_disconnect(plain);
    fake_disconnect(late);
}

Test(hub_conflate, is_for_everything_due_to_a_connection_when_it_stops_taking)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    fake_conn *many[500];

    for (int i = 0; i < 500; i++) { /* so that c is not served in the turn of the sweep */
        many[i] = fake_connect(&f, 0, NULL);
        subscribe(many[i], "n");
    }
    subscribe(c, "n");
    subscribe(c, "m");
    c->room = 0;
    publish("n", "", "1");
    (void)fake_turn(&f, 1); /* the home worker may be either */
    (void)fake_turn(&f, 0);
    publish("m", "", "2");
    publish("n", "", "3");
    fake_run(&f);
    unblock(c);
    cr_assert_str_eq(fake_data(c), "2|3");
    for (int i = 0; i < 500; i++)
        fake_disconnect(many[i]);
    fake_disconnect(c);
}

Test(hub_conflate, a_slow_connection_is_never_cut_off_and_its_queue_is_bounded)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    size_t most = 0;
    size_t last = 0;

    subscribe(c, "n");
    c->room = 0;
    for (int i = 0; i < 5000; i++) { /* of 20 keys; each key alone is near the limit */
        char tags[32];
        char data[960];

        (void)snprintf(tags, sizeof tags, "{\"k\":\"%d\"}", i % 20);
        (void)snprintf(data, sizeof data, "\"%0900d\"", i);
        publish("n", tags, data);
        fake_run(&f);
        last = hub_conn_queued(&c->conn);
        most = last > most ? last : most;
        if (i % 50 == 49) { /* a slow one: it takes a bit now and then */
            c->room = 700;
            hub_conn_writable(&c->conn);
        }
    }
    cr_assert_eq(c->closed_with, 0);
    cr_assert_eq(hub_conn_stalled_since_ms(&c->conn), 0);
    cr_assert_gt(most, 1000);
    cr_assert_leq(most, 21000); /* and one that is on the wire */
    unblock(c);
    cr_assert_not_null(strstr(fake_messages(c), "4999\""));
    fake_disconnect(c);
}

Test(hub_conflate, other_messages_keep_their_limit)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    char bytes[600] = "\124\002"; /* 596 bytes follow the header */

    subscribe(c, "n");
    c->room = 0;
    for (int i = 0; i < 20; i++) {
        char tags[32];

        (void)snprintf(tags, sizeof tags, "{\"k\":\"%d\"}", i);
        publish("n", tags, "\"0123456789012345678901234567890123456789\"");
    }
    fake_run(&f);
    cr_assert_gt(hub_conn_queued(&c->conn), 1000);
    hub_conn_send(&c->conn, (view){bytes, sizeof bytes});
    fake_run(&f);
    cr_assert_eq(c->closed_with, 0);
    hub_conn_send(&c->conn, (view){bytes, sizeof bytes});
    fake_run(&f);
    cr_assert_eq(c->closed_with, DISCONNECT_SLOW);
    cr_assert_eq(hub_conn_queued(&c->conn), 0); /* nothing had been begun */
    fake_disconnect(c);
}

Test(hub_conflate, a_dropped_queue_ends_with_a_whole_message)
{
    fake_conn *c = fake_connect(&f, 0, NULL);

    subscribe(c, "n");
    c->room = 50; /* one message and a piece of the next */
    for (int i = 0; i < 5; i++)
        publish("n", "", "7");
    fake_run(&f);
    hub_conn_drop_queue(&c->conn);
    unblock(c);
    cr_assert_str_eq(fake_data(c), "7|7");
    fake_disconnect(c);
}

Test(hub_conflate, the_transport_is_told_once_to_hold_little)
{
    fake_conn *plain = fake_connect(&f, 0, NULL);
    fake_conn *c = fake_connect(&f, 0, NULL);

    cr_assert_eq(hub_subscribe(&plain->conn, VIEW_LIT("p"), NULL), GCAST_OK);
    subscribe(c, "n");
    subscribe(c, "m");
    cr_assert_eq(plain->holds_little, 0);
    cr_assert_eq(c->holds_little, 1);
    fake_disconnect(plain);
    fake_disconnect(c);
}
