/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <criterion/criterion.h>

#include "fake_hub.h"

static fake f;

static void setup(void)
{
    fake_open(&f, 1 << 20);
}

static void teardown(void)
{
    fake_close(&f);
}

TestSuite(hub_group, .init = setup, .fini = teardown);

static hub_channel_stats count(const char *channel)
{
    hub_roll *r = hub_roll_new(f.hub, view_of(channel), false);
    hub_channel_stats stats;

    cr_assert_not_null(r);
    cr_assert(hub_roll_call(r, NULL, NULL));
    cr_assert_not(hub_roll_failed(r));
    stats = hub_roll_stats(r);
    hub_roll_free(r);
    return stats;
}

static uint32_t clients(const char *channel)
{
    return count(channel).clients;
}

Test(hub_group, refuses_a_second_subscription_to_the_same_channel)
{
    fake_conn *c = fake_connect(&f, 0, NULL);

    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("a"), NULL), GCAST_OK);
    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("a"), NULL), GCAST_EEXIST);
    cr_assert_eq(clients("a"), 1);
    fake_disconnect(c);
}

Test(hub_group, a_channel_ends_with_its_last_subscriber_and_can_begin_again)
{
    fake_conn *c = fake_connect(&f, 0, NULL);

    for (int i = 0; i < 3; i++) {
        cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("a"), NULL), GCAST_OK);
        cr_assert_eq(hub_count(f.hub).channels, 1);
        cr_assert_eq(hub_unsubscribe(&c->conn, VIEW_LIT("a")), GCAST_OK);
        cr_assert_eq(hub_count(f.hub).channels, 0);
    }
    cr_assert_eq(hub_unsubscribe(&c->conn, VIEW_LIT("a")), GCAST_ENOENT);
    fake_disconnect(c);
}

Test(hub_group, leaving_ends_all_subscriptions)
{
    fake_conn *c = fake_connect(&f, 0, "u");
    char name[16];

    for (int i = 0; i < 50; i++) {
        (void)snprintf(name, sizeof name, "c%d", i);
        cr_assert_eq(hub_subscribe(&c->conn, view_of(name), NULL), GCAST_OK);
    }
    cr_assert_eq(hub_count(f.hub).subscriptions, 50);
    fake_disconnect(c);
    cr_assert_eq(hub_count(f.hub).subscriptions, 0);
    cr_assert_eq(hub_count(f.hub).users, 0);
}

Test(hub_group, members_survive_growth_and_shrinking)
{
    enum { MANY = 1000 };
    fake_conn *conns[MANY];

    for (int i = 0; i < MANY; i++) {
        conns[i] = fake_connect(&f, (unsigned)i % 2, NULL);
        cr_assert_eq(hub_subscribe(&conns[i]->conn, VIEW_LIT("n"), NULL), GCAST_OK);
    }
    cr_assert_eq(clients("n"), MANY);
    for (int i = 0; i < MANY; i++) { /* all but every hundredth leave, in a scattered order */
        int at = i * 337 % MANY;

        if (at % 100 != 0)
            cr_assert_eq(hub_unsubscribe(&conns[at]->conn, VIEW_LIT("n")), GCAST_OK);
    }
    cr_assert_eq(clients("n"), MANY / 100);
    fake_publish(&f, "n", "1");
    fake_run(&f);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(fake_count(conns[i]), i % 100 == 0 ? 1 : 0);
        fake_disconnect(conns[i]);
    }
}

Test(hub_group, counts_distinct_users)
{
    fake_conn *conns[5] = {
        fake_connect(&f, 0, "ann"), fake_connect(&f, 1, "ann"), fake_connect(&f, 0, "bob"),
        fake_connect(&f, 0, NULL),  fake_connect(&f, 1, NULL),
    };

    for (int i = 0; i < 5; i++)
        cr_assert_eq(hub_subscribe(&conns[i]->conn, VIEW_LIT("n"), NULL), GCAST_OK);

    hub_channel_stats stats = count("n");

    cr_assert_eq(stats.clients, 5);
    cr_assert_eq(stats.users, 3); /* ann, bob, and the ones without a name */
    for (int i = 0; i < 5; i++)
        fake_disconnect(conns[i]);
}

static void sum_channel(void *arg, view channel, uint32_t count)
{
    unsigned *sum = arg;

    cr_assert(view_starts_with(channel, VIEW_LIT("c")));
    *sum += count;
}

Test(hub_group, lists_channels_with_subscribers)
{
    fake_conn *a = fake_connect(&f, 0, NULL);
    fake_conn *b = fake_connect(&f, 1, NULL);
    unsigned sum = 0;

    cr_assert_eq(hub_subscribe(&a->conn, VIEW_LIT("c1"), NULL), GCAST_OK);
    cr_assert_eq(hub_subscribe(&b->conn, VIEW_LIT("c1"), NULL), GCAST_OK);
    cr_assert_eq(hub_subscribe(&b->conn, VIEW_LIT("c2"), NULL), GCAST_OK);
    hub_each_channel(f.hub, sum_channel, &sum);
    cr_assert_eq(sum, 3);
    fake_disconnect(a);
    fake_disconnect(b);
}
