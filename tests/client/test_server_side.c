/* SPDX-License-Identifier: MIT */
/* Subscriptions that the server makes: by token, for the user alone, as the client asks, by order. */
#include <stdio.h>

#include "orders.h"
#include "tokens.h"

TestSuite(client_server_side, .fini = desk_close);

#define CONNECTED(subs)                                                                     \
    "{\"id\":1,\"connect\":{\"client\":\"ID\",\"version\":\"VERSION\"," subs "\"ping\":25," \
    "\"pong\":true}}"

static bool listens(client *c, const char *channel)
{
    return hub_is_subscribed(&c->conn, view_of(channel));
}

Test(client_server_side, channels_may_stand_in_the_token)
{
    OPEN(WITH_KEY);
    client *c = come_with("{\"sub\":\"ann\",\"channels\":[\"a\",\"b\",\"a\"]}");

    cr_expect_str_eq(told(c), CONNECTED("\"subs\":{\"a\":{},\"b\":{}},"));
}

Test(client_server_side, subscriptions_may_stand_in_the_token)
{
    OPEN(WITH_KEY);
    client *c = come_with("{\"sub\":\"ann\",\"subs\":{\"$a\":{\"info\":[1],\"data\":{\"d\":2}}}}");

    cr_expect_str_eq(told(c), CONNECTED("\"subs\":{\"$a\":{\"data\":{\"d\":2}}},"));
    cr_expect(view_eq(hub_sub_info(hub_sub_find(&c->conn, VIEW_LIT("$a"))), VIEW_LIT("[1]")));
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"$a\"}}", PROTOCOL_ALREADY_SUBSCRIBED);
}

Test(client_server_side, of_namespaces_that_there_are_not_are_refused)
{
    OPEN(WITH_KEY);
    client *c = come(NULL);

    must_refuse(c, CONNECT("{\"channels\":[\"a\",\"x:a\"]}"), PROTOCOL_UNKNOWN_CHANNEL);
    cr_expect_neq(c->state, CLIENT_CONNECTED);
    c = come(NULL);
    must_refuse(c, CONNECT("{\"channels\":[\"\"]}"), PROTOCOL_BAD_REQUEST);
}

Test(client_server_side, that_are_too_many_close)
{
    OPEN(WITH_KEY, "--client.channel_limit=2");
    (void)come_with("{\"channels\":[\"a\",\"b\"]}");
    must_close(false, CONNECT("{\"channels\":[\"a\",\"b\",\"c\"]}"), DISCONNECT_CHANNEL_LIMIT);
}

Test(client_server_side, a_user_may_have_a_channel_alone)
{
    OPEN(WITH_KEY, "--client.subscribe_to_user_personal_channel.enabled");
    client *c = come_with("{\"sub\":\"ann\",\"channels\":[\"a\"]}");

    cr_expect_str_eq(told(c), CONNECTED("\"subs\":{\"a\":{},\"#ann\":{}},"));
    cr_expect_str_eq(told(come_with("{}")), CONNECTED(""));
}

Test(client_server_side, the_channel_of_a_user_may_be_in_a_namespace)
{
    OPEN("--client.subscribe_to_user_personal_channel.enabled",
         "--client.subscribe_to_user_personal_channel.personal_channel_namespace=own",
         "--channel.namespaces=[{\"name\":\"own\"}]");
    client *c = come_connected("ann");

    cr_expect(listens(c, "own:#ann"));
}

Test(client_server_side, a_user_may_be_kept_to_one_connection)
{
    OPEN("--client.subscribe_to_user_personal_channel.enabled",
         "--client.subscribe_to_user_personal_channel.single_connection");
    client *first = come_connected("ann");
    client *bob = come_connected("bob");
    client *second = come_connected("ann");

    must_be_closed(first, DISCONNECT_CONNECTION_LIMIT);
    must_be_closed(second, 0);
    must_be_closed(bob, 0);
}

Test(client_server_side, a_client_may_ask_for_what_it_is_permitted)
{
    OPEN(WITH_KEY,
         "--channel.namespaces=[{\"name\":\"open\",\"allow_subscribe_for_client\":true}]");
    client *c = come(NULL);

    say(c, with_token("{\"id\":1,\"connect\":{\"token\":\"%s\",\"subs\":{\"open:\\u0061\":{"
                      "\"recover\":true,\"epoch\":\"x\"},\"shut\":{},\"t\":{},\"$p\":{}}}}",
                      SECRET, "{\"sub\":\"ann\",\"channels\":[\"t\"]}"));
    cr_expect_str_eq(told(c), CONNECTED("\"subs\":{\"t\":{},\"open:a\":{}},"));
    cr_expect_not(listens(c, "shut"));
}

Test(client_server_side, a_client_that_asks_for_nonsense_is_closed)
{
    OPEN("--client.insecure");
    must_close(false, "{\"id\":1,\"connect\":{\"subs\":{\"x:a\":{}}}}", DISCONNECT_BAD_REQUEST);
    must_close(false, "{\"id\":1,\"connect\":{\"subs\":{\"a\":1}}}", DISCONNECT_BAD_REQUEST);
    must_close(false, "{\"id\":1,\"connect\":{\"subs\":{\"a\":{\"offset\":-1}}}}",
               DISCONNECT_BAD_REQUEST);
}

/* ---- by order ---- */

static const hub_select ann = {.user = {"ann", 3}};

static void run(client *c)
{
    say(c, "{\"id\":9,\"unsubscribe\":{\"channel\":\"nothing\"}}"); /* and the hub takes its turn */
}

static const char run_answer[] = "{\"id\":9,\"unsubscribe\":{}}";

Test(client_server_side, may_be_ordered_later)
{
    client_sub_order order = {
        .channel = VIEW_LIT("a"), .info = VIEW_LIT("[1]"), .data = VIEW_LIT("{\"d\":1}")};

    OPEN("--client.insecure");
    client *c = come_connected("ann");
    client *bob = come_connected("bob");
    char expected[256];

    cr_expect_eq(clients_subscribe(c->desk->hub, &ann, &order), 1);
    run(c);
    (void)snprintf(expected, sizeof expected, "%s|%s", run_answer,
                   "{\"push\":{\"channel\":\"a\",\"subscribe\":{\"data\":{\"d\":1}}}}");
    cr_expect_str_eq(heard(c), expected);
    cr_expect(view_eq(hub_sub_info(hub_sub_find(&c->conn, VIEW_LIT("a"))), VIEW_LIT("[1]")));
    cr_expect_not(listens(bob, "a"));
    cr_expect_eq(clients_subscribe(c->desk->hub, &ann, &order), 1);
    run(c);
    cr_expect_str_eq(heard(c), run_answer, "it was there already");
}

Test(client_server_side, that_are_ordered_where_there_is_no_room_close)
{
    OPEN(WITH_KEY, "--client.channel_limit=1");
    client *c = come_with("{\"sub\":\"ann\",\"channels\":[\"a\"]}");

    cr_expect_eq(
        clients_subscribe(c->desk->hub, &ann, &(client_sub_order){.channel = VIEW_LIT("b")}), 1);
    run(c);
    must_be_closed(c, DISCONNECT_CHANNEL_LIMIT);
}

Test(client_server_side, end_like_others)
{
    OPEN(WITH_KEY);
    client *c = come_with("{\"sub\":\"ann\",\"channels\":[\"a\"]}");
    char expected[256];

    (void)heard(c);
    cr_expect_eq(hub_end_subscriptions(c->desk->hub, &ann, (view){0}, 2000, VIEW_LIT("why")), 1);
    run(c);
    (void)snprintf(
        expected, sizeof expected, "%s|%s", run_answer,
        "{\"push\":{\"channel\":\"a\",\"unsubscribe\":{\"code\":2000,\"reason\":\"why\"}}}");
    cr_expect_str_eq(heard(c), expected);
    cr_expect_not(listens(c, "a"));
}
