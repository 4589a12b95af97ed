/* SPDX-License-Identifier: MIT */
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

TestSuite(hub_errand, .init = setup, .fini = teardown);

static const char message[] = "{\"push\":{\"message\":{\"data\":\"x\"}}}";

static int64_t send_to(const hub_select *who)
{
    int64_t count = hub_send_message(f.hub, who, VIEW_LIT("\"x\""));

    fake_run(&f);
    return count;
}

Test(hub_errand, reaches_one_connection_by_its_id)
{
    fake_conn *a = fake_connect(&f, 0, NULL);
    fake_conn *b = fake_connect(&f, 1, NULL);
    hub_client_id id = hub_conn_client_id(&b->conn);
    hub_select who = {.client = view_of(id.text), .any_user = true};

    cr_assert_eq(send_to(&who), 1);
    cr_assert_eq(fake_count(a), 0);
    cr_assert_str_eq(fake_messages(b), message);
    fake_disconnect(a);
    fake_disconnect(b);
    cr_assert_eq(send_to(&who), 0);
}

Test(hub_errand, an_id_of_another_process_or_a_broken_one_finds_nobody)
{
    fake_conn *a = fake_connect(&f, 0, NULL);
    hub_client_id id = hub_conn_client_id(&a->conn);

    for (int i = 0; i < HUB_CLIENT_ID_LEN; i++) {
        hub_client_id other = id;

        other.text[i] = other.text[i] == '0' ? '1' : '0';
        cr_assert_eq(send_to(&(hub_select){.client = view_of(other.text), .any_user = true}), 0);
    }
    cr_assert_eq(send_to(&(hub_select){.client = VIEW_LIT("nonsense"), .any_user = true}), 0);
    fake_disconnect(a);
}

Test(hub_errand, ids_are_distinct_version_4_uuids)
{
    fake_conn *a = fake_connect(&f, 0, NULL);
    fake_conn *b = fake_connect(&f, 0, NULL);
    hub_client_id first = hub_conn_client_id(&a->conn);
    hub_client_id second = hub_conn_client_id(&b->conn);

    cr_assert_str_neq(first.text, second.text);
    cr_assert_eq(first.text[14], '4');
    cr_assert_not_null(strchr("89ab", first.text[19]));
    fake_disconnect(a);
    fake_disconnect(b);
}

Test(hub_errand, reaches_all_connections_of_a_user)
{
    fake_conn *ann1 = fake_connect(&f, 0, "ann");
    fake_conn *ann2 = fake_connect(&f, 1, "ann");
    fake_conn *bob = fake_connect(&f, 0, "bob");

    cr_assert_eq(send_to(&(hub_select){.user = VIEW_LIT("ann")}), 2);
    cr_assert_eq(fake_count(ann1), 1);
    cr_assert_eq(fake_count(ann2), 1);
    cr_assert_eq(fake_count(bob), 0);
    fake_disconnect(ann1);
    fake_disconnect(ann2);
    fake_disconnect(bob);
}

Test(hub_errand, an_empty_user_means_those_without_one)
{
    fake_conn *ann = fake_connect(&f, 0, "ann");
    fake_conn *nobody = fake_connect(&f, 1, NULL);

    cr_assert_eq(send_to(&(hub_select){.any_user = false}), 1);
    cr_assert_eq(fake_count(ann), 0);
    cr_assert_eq(fake_count(nobody), 1);
    fake_disconnect(ann);
    fake_disconnect(nobody);
}

Test(hub_errand, traverses_everybody_once)
{
    enum { MANY = 3000 };
    fake_conn *conns[MANY];

    for (int i = 0; i < MANY; i++)
        conns[i] = fake_connect(&f, (unsigned)i % 2, i % 3 == 0 ? "ann" : NULL);
    cr_assert_eq(send_to(&(hub_select){.any_user = true}), MANY);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(fake_count(conns[i]), 1);
        fake_disconnect(conns[i]);
    }
}

Test(hub_errand, disconnects_all_but_the_spared)
{
    fake_conn *a = fake_connect(&f, 0, "ann");
    fake_conn *b = fake_connect(&f, 1, "ann");
    hub_client_id id = hub_conn_client_id(&b->conn);
    view spared = view_of(id.text);
    hub_select who = {.user = VIEW_LIT("ann"), .whitelist = &spared, .whitelist_count = 1};

    cr_assert_eq(hub_disconnect(f.hub, &who, 4321, VIEW_LIT("bye")), 1);
    fake_run(&f);
    cr_assert_eq(a->closed_with, 4321);
    cr_assert_eq(b->closed_with, 0);
    fake_disconnect(a);
    fake_disconnect(b);
}

Test(hub_errand, ends_subscriptions_and_says_so)
{
    fake_conn *c = fake_connect(&f, 0, "ann");
    hub_select who = {.user = VIEW_LIT("ann")};

    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("a"), NULL), GCAST_OK);
    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("b"), NULL), GCAST_OK);
    cr_assert_eq(hub_end_subscriptions(f.hub, &who, VIEW_LIT("a"), 2000, VIEW_LIT("why")), 1);
    fake_run(&f);
    cr_assert_str_eq(fake_messages(c), "{\"push\":{\"channel\":\"a\",\"unsubscribe\":"
                                       "{\"code\":2000,\"reason\":\"why\"}}}");
    cr_assert_eq(hub_end_subscriptions(f.hub, &who, (view){0}, 2000, VIEW_LIT("why")), 1);
    fake_run(&f);
    cr_assert_eq(fake_count(c), 2);
    cr_assert_null(c->conn.subs);
    fake_disconnect(c);
}

Test(hub_errand, a_letter_to_a_connection_that_has_left_is_harmless)
{
    fake_conn *c = fake_connect(&f, 0, NULL);

    cr_assert_eq(hub_send_message(f.hub, &(hub_select){.any_user = true}, VIEW_LIT("1")), 1);
    fake_disconnect(c); /* the letter names it still */
    hub_barrier(f.hub); /* the grace period is over: the farewell is behind that letter */
    cr_assert_eq(f.released, 0);
    fake_run(&f);
    cr_assert_eq(f.released, 1);
}
