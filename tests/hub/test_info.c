/* SPDX-License-Identifier: MIT */
/* What is known of connections and subscriptions beyond their names. */
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

TestSuite(hub_info, .init = setup, .fini = teardown);

static bool is(view v, const char *text)
{
    return view_eq(v, view_of(text));
}

Test(hub_info, a_connection_is_what_it_was_last_said_to_be)
{
    fake_conn *c = fake_connect(&f, 0, "u");

    cr_assert_eq(hub_conn_info(&c->conn).len, 0);
    cr_assert_eq(hub_conn_set_info(&c->conn, VIEW_LIT("{\"a\":1}")), GCAST_OK);
    cr_assert_eq(hub_conn_set_info(&c->conn, VIEW_LIT("{\"b\":2}")), GCAST_OK);
    cr_assert(is(hub_conn_info(&c->conn), "{\"b\":2}"));
    cr_assert_eq(hub_conn_set_info(&c->conn, (view){0}), GCAST_OK);
    cr_assert_eq(hub_conn_info(&c->conn).len, 0);
    cr_assert_eq(hub_conn_set_info(&c->conn, VIEW_LIT("{\"c\":3}")), GCAST_OK);
    fake_disconnect(c);
}

Test(hub_info, a_subscription_keeps_what_it_was_made_with)
{
    fake_conn *c = fake_connect(&f, 0, "u");
    hub_sub_opts opts = {
        .info = VIEW_LIT("[1]"), .expires_at_s = 12, .flags = HUB_SUB_TELLS | HUB_SUB_SERVER_SIDE};

    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("a"), &opts), GCAST_OK);
    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("b"), NULL), GCAST_OK);

    hub_sub *a = hub_sub_find(&c->conn, VIEW_LIT("a"));
    hub_sub *b = hub_sub_find(&c->conn, VIEW_LIT("b"));

    cr_assert(is(hub_sub_info(a), "[1]"));
    cr_assert_eq(hub_sub_expires_at_s(a), 12);
    cr_assert_eq(hub_sub_flags(a), HUB_SUB_TELLS | HUB_SUB_SERVER_SIDE);
    cr_assert_eq(hub_sub_info(b).len, 0);
    cr_assert_eq(hub_sub_expires_at_s(b), 0);
    cr_assert_eq(hub_sub_flags(b), 0);

    cr_assert_eq(hub_sub_refresh(a, (view){0}, 99), GCAST_OK);
    cr_assert_eq(hub_sub_info(a).len, 0);
    cr_assert_eq(hub_sub_expires_at_s(a), 99);
    fake_disconnect(c);
}

Test(hub_info, subscriptions_are_listed_the_latest_first)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    hub_sub *s = NULL;

    cr_assert_null(hub_sub_next(&c->conn, NULL));
    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("a"), NULL), GCAST_OK);
    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("b"), NULL), GCAST_OK);
    s = hub_sub_next(&c->conn, NULL);
    cr_assert(is(hub_sub_channel(s), "b"));
    s = hub_sub_next(&c->conn, s);
    cr_assert(is(hub_sub_channel(s), "a"));
    cr_assert_null(hub_sub_next(&c->conn, s));
    cr_assert_null(hub_sub_find(&c->conn, VIEW_LIT("c")));
    fake_disconnect(c);
}
