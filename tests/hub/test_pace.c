/* SPDX-License-Identifier: MIT */
/* Subscriptions with a rate: the newest in each interval. */
#include <stdio.h>

#include <criterion/criterion.h>

#include "fake_hub.h"

enum { SECOND = 1000 };

static fake f;

static void setup(void)
{
    fake_open(&f, 100000);
    f.now_ms = 50000;
}

static void teardown(void)
{
    fake_close(&f);
}

TestSuite(hub_pace, .init = setup, .fini = teardown);

static fake_conn *subscriber(const char *channel, uint32_t interval_ms, bool latest)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    hub_sub_opts opts = {.interval_ms = interval_ms,
                         .delivery = {.latest = latest, .key_tag = VIEW_LIT("k")}};

    cr_assert_eq(hub_subscribe(&c->conn, view_of(channel), &opts), GCAST_OK);
    return c;
}

/* Publishes with this key; NULL: none. It is delivered if it may be. */
static void publish(const char *channel, const char *key, int value)
{
    char tags[32] = "";
    char data[16];

    if (key != NULL)
        (void)snprintf(tags, sizeof tags, "{\"k\":\"%s\"}", key);
    (void)snprintf(data, sizeof data, "%d", value);

    publication pub = {.data = view_of(data), .tags = view_of(tags)};

    cr_assert_eq(hub_publish(f.hub, view_of(channel), &pub), GCAST_OK);
    fake_run(&f);
}

static void advance(uint64_t ms)
{
    f.now_ms += ms;
    fake_run(&f);
}

Test(hub_pace, the_first_goes_at_once_and_the_last_at_the_end_of_the_interval)
{
    fake_conn *c = subscriber("n", SECOND, false);

    advance(300);
    for (int i = 1; i <= 5; i++)
        publish("n", NULL, i);
    cr_assert_str_eq(fake_data(c), "1");
    cr_assert_eq(hub_worker_due_ms(f.workers[0]), 51000);
    advance(699);
    cr_assert_str_eq(fake_data(c), "1");
    advance(1);
    cr_assert_str_eq(fake_data(c), "1|5");
    cr_assert_eq(hub_worker_due_ms(f.workers[0]), UINT64_MAX);
    publish("n", NULL, 6); /* this interval has had its publication */
    cr_assert_str_eq(fake_data(c), "1|5");
    advance(SECOND);
    cr_assert_str_eq(fake_data(c), "1|5|6");
    advance(SECOND);
    publish("n", NULL, 7); /* after a quiet interval: at once */
    cr_assert_str_eq(fake_data(c), "1|5|6|7");
    fake_disconnect(c);
}

Test(hub_pace, each_subscriber_has_its_own_rate)
{
    fake_conn *all = subscriber("n", 0, false);
    fake_conn *fast = subscriber("n", 100, false);
    fake_conn *slow = subscriber("n", SECOND, false);

    for (int i = 0; i < 200; i++) { /* two seconds of 100 a second */
        publish("n", NULL, i);
        advance(10);
    }
    advance(SECOND);
    cr_assert_eq(fake_count(all), 200);
    cr_assert_eq(fake_count(fast), 21); /* one an interval, and the first */
    cr_assert_eq(fake_count(slow), 3);
    cr_assert_str_eq(strrchr(fake_data(slow), '|'), "|199");
    cr_assert_str_eq(strrchr(fake_data(fast), '|'), "|199");
    fake_disconnect(all);
    fake_disconnect(fast);
    fake_disconnect(slow);
}

Test(hub_pace, each_key_has_its_newest)
{
    fake_conn *c = subscriber("n", SECOND, true);
    metrics sum = {0};

    publish("n", "a", 1);
    publish("n", "a", 2);
    publish("n", "b", 3);
    publish("n", "c", 4);
    publish("n", "a", 5);
    publish("n", "b", 6);
    advance(SECOND);
    cr_assert_str_eq(fake_data(c), "1|4|5|6");
    cr_assert_eq(c->writes, 2);
    hub_metrics(f.hub, &sum);
    cr_assert_eq(sum.x_conflated_total, 2);
    fake_disconnect(c);
}

Test(hub_pace, publications_of_one_sweep_count_as_one)
{
    fake_conn *c = subscriber("n", SECOND, true);

    for (int i = 0; i < 3; i++) {
        publication pub = {.data = VIEW_LIT("1"), .tags = VIEW_LIT("{\"k\":\"a\"}")};

        cr_assert_eq(hub_publish(f.hub, VIEW_LIT("n"), &pub), GCAST_OK);
        pub.tags = VIEW_LIT("{\"k\":\"b\"}");
        cr_assert_eq(hub_publish(f.hub, VIEW_LIT("n"), &pub), GCAST_OK);
    }
    fake_run(&f);
    advance(SECOND);
    cr_assert_eq(fake_count(c), 2);
    fake_disconnect(c);
}

Test(hub_pace, a_slow_subscriber_gets_the_newest_of_what_was_paced)
{
    fake_conn *c = subscriber("n", SECOND, true);

    c->room = 0;
    for (int i = 0; i < 10; i++) {
        publish("n", "a", i);
        advance(SECOND);
    }
    c->room = SIZE_MAX;
    hub_conn_writable(&c->conn);
    cr_assert_str_eq(fake_data(c), "9");
    fake_disconnect(c);
}

Test(hub_pace, who_joins_while_publications_gather_gets_only_later_ones)
{
    hub_sub_opts opts = {.interval_ms = SECOND, .delivery = {.flush_ms = 60000}};
    fake_conn *early = fake_connect(&f, 0, NULL);
    fake_conn *late = fake_connect(&f, 0, NULL);

    cr_assert_eq(hub_subscribe(&early->conn, VIEW_LIT("a"), &opts), GCAST_OK);
    publish("a", NULL, 1);
    cr_assert_eq(hub_subscribe(&late->conn, VIEW_LIT("a"), &opts), GCAST_OK);
    f.now_ms = hub_worker_due_ms(f.workers[0]);
    fake_run(&f);
    cr_assert_str_eq(fake_data(early), "1");
    cr_assert_str_eq(fake_data(late), "");
    fake_disconnect(early);
    fake_disconnect(late);
}

Test(hub_pace, what_waits_goes_with_its_subscription)
{
    fake_conn *stays = subscriber("n", SECOND, false);
    fake_conn *leaves = subscriber("n", SECOND, false);
    fake_conn *goes = subscriber("n", SECOND, false);

    publish("n", NULL, 1);
    publish("n", NULL, 2);
    cr_assert_eq(hub_unsubscribe(&leaves->conn, VIEW_LIT("n")), GCAST_OK);
    fake_disconnect(goes);
    advance(SECOND);
    cr_assert_str_eq(fake_data(stays), "1|2");
    cr_assert_str_eq(fake_data(leaves), "1");
    fake_disconnect(stays);
    fake_disconnect(leaves);
}

Test(hub_pace, joins_do_not_wait)
{
    enum { TOLD = HUB_SUB_TELLS | HUB_SUB_IS_TOLD };
    hub_sub_opts opts = {.interval_ms = SECOND, .flags = TOLD};
    fake_conn *c = fake_connect(&f, 0, "ann");
    fake_conn *other = fake_connect(&f, 0, "bob");

    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("n"), &opts), GCAST_OK);
    fake_run(&f);
    buf_reset(&c->wire);
    publish("n", NULL, 1);
    for (int i = 2; i < 5; i++) { /* in the same sweep as the join */
        publication pub = {.data = VIEW_LIT("2")};

        cr_assert_eq(hub_publish(f.hub, VIEW_LIT("n"), &pub), GCAST_OK);
    }
    cr_assert_eq(hub_subscribe(&other->conn, VIEW_LIT("n"), &opts), GCAST_OK);
    fake_run(&f);
    cr_assert_eq(fake_count(c), 2);
    cr_assert_not_null(strstr(fake_messages(c), "\"join\""));
    advance(SECOND);
    cr_assert_str_eq(fake_data(c), "1|2");
    cr_assert_eq(fake_count(c), 3);
    fake_disconnect(c);
    fake_disconnect(other);
}

Test(hub_pace, subscriptions_keep_their_rates_when_others_end)
{
    fake_conn *conns[20];

    for (int i = 0; i < 20; i++) {
        char channel[8];

        (void)snprintf(channel, sizeof channel, "n%d", i);
        conns[i] = subscriber(channel, i % 2 == 0 ? SECOND : 100, false);
    }
    for (int i = 0; i < 20; i += 3)
        fake_disconnect(conns[i]);
    for (int i = 0; i < 20; i++) {
        char channel[8];

        (void)snprintf(channel, sizeof channel, "n%d", i);
        publish(channel, NULL, 1);
        publish(channel, NULL, i);
    }
    advance(100);
    for (int i = 0; i < 20; i++) {
        char expected[16];

        if (i % 3 == 0)
            continue;
        (void)snprintf(expected, sizeof expected, i % 2 == 0 ? "1" : "1|%d", i);
        cr_assert_str_eq(fake_data(conns[i]), expected);
        fake_disconnect(conns[i]);
    }
}

Test(hub_pace, the_end_waits_for_no_interval)
{
    fake_conn *c = subscriber("n", SECOND, false);

    for (int i = 1; i <= 3; i++)
        publish("n", NULL, i);
    cr_assert_str_eq(fake_data(c), "1");
    hub_worker_bind(f.workers[0]);
    hub_worker_settle(f.workers[0], f.now_ms);
    hub_worker_bind(NULL);
    cr_assert_str_eq(fake_data(c), "1|3");
    cr_assert_eq(hub_worker_due_ms(f.workers[0]), UINT64_MAX);
    fake_disconnect(c);
}
