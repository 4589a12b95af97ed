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

Test(client_server_side, a_client_that_asks_for_too_much_is_closed)
{
    OPEN("--client.insecure", "--client.channel_limit=2");
    must_close(false, "{\"id\":1,\"connect\":{\"subs\":{\"a\":{},\"b\":{},\"a\":{}}}}",
               DISCONNECT_CHANNEL_LIMIT);
    say(come(NULL), "{\"id\":1,\"connect\":{\"subs\":{\"a\":{},\"b\":{}}}}");
}

/* ---- at a position ---- */

#define RECOVERY                                                                                  \
    "--channel.without_namespace.history_size=10", "--channel.without_namespace.history_ttl=60s", \
        "--channel.without_namespace.force_recovery",                                             \
        "--channel.without_namespace.allow_publish_for_client",                                   \
        "--channel.namespaces=[{\"name\":\"plain\"}]"

/* Copies the epoch out of what a client was told. */
static const char *epoch_in(const char *text)
{
    static char epoch[16];
    const char *at = strstr(text, "\"epoch\":\"");

    cr_assert_not_null(at, "%s", text);
    (void)snprintf(epoch, sizeof epoch, "%.8s", at + 9);
    return epoch;
}

static void publish(client *c, const char *channel, int number)
{
    char message[128];

    (void)snprintf(message, sizeof message,
                   "{\"id\":7,\"publish\":{\"channel\":\"%s\",\"data\":%d}}", channel, number);
    say(c, message);
    (void)heard(c);
}

Test(client_server_side, may_recover_what_they_missed)
{
    OPEN(WITH_KEY, RECOVERY);
    client *bob = come_with("{\"sub\":\"bob\",\"channels\":[\"a\"]}");
    char epoch[16];
    char expected[512];

    (void)snprintf(epoch, sizeof epoch, "%s", epoch_in(told(bob)));
    publish(bob, "a", 1);
    publish(bob, "a", 2);

    client *c = come(NULL);
    char format[256];

    (void)snprintf(format, sizeof format,
                   "{\"id\":1,\"connect\":{\"token\":\"%%s\",\"subs\":{\"a\":{\"recover\":true,"
                   "\"epoch\":\"%s\",\"offset\":1}}}}",
                   epoch);
    say(c, with_token(format, SECRET, "{\"sub\":\"ann\",\"channels\":[\"a\",\"plain:b\"]}"));
    (void)snprintf(expected, sizeof expected,
                   CONNECTED("\"subs\":{\"a\":{\"recoverable\":true,\"epoch\":\"%s\","
                             "\"publications\":[{\"data\":2,\"info\":{\"user\":\"bob\","
                             "\"client\":\"%s\"},\"offset\":2}],\"recovered\":true,\"offset\":1,"
                             "\"positioned\":true,\"was_recovering\":true},\"plain:b\":{}},"),
                   epoch, hub_conn_client_id(&bob->conn).text);
    cr_expect_str_eq(told(c), expected);
    publish(bob, "a", 3);
    cr_expect_not_null(strstr(heard(c), "\"offset\":3"));
}

Test(client_server_side, are_told_of_nothing_before_the_connect_is_answered)
{
    OPEN(WITH_KEY, RECOVERY);
    client *bob = come_with("{\"sub\":\"bob\"}");
    client *c = come(NULL);

    client_message(c, view_of(CONNECT("{\"channels\":[\"a\",\"b\",\"c\",\"plain:d\"]}")), now_ms);
    client_message(c, VIEW_LIT("{\"id\":2,\"unsubscribe\":{\"channel\":\"x\"}}"), now_ms);
    cr_expect_str_eq(heard(c), "", "the positions are not known yet");
    for (const char *channel = "abc"; *channel != '\0'; channel++)
        publish(bob, (char[]){*channel, '\0'}, 1);

    const char *messages = heard(c);

    cr_expect(strstr(messages, "{\"id\":1,\"connect\":") == messages, "%s", messages);
    cr_expect_not_null(strstr(messages, "{\"id\":2,\"unsubscribe\":{}}"));
    for (const char *channel = "abc"; *channel != '\0'; channel++) {
        char push[64];

        (void)snprintf(push, sizeof push, "{\"push\":{\"channel\":\"%c\",\"pub\":{\"data\":1",
                       *channel);
        cr_expect_not_null(strstr(messages, push), "%s not in %s", push, messages);
    }
    must_be_closed(c, 0);
}

Test(client_server_side, that_wait_for_a_position_may_be_left)
{
    OPEN(WITH_KEY, RECOVERY);
    client *c = come(NULL);

    client_message(c, view_of(CONNECT("{\"channels\":[\"a\",\"b\"]}")), now_ms);
    client_message(c, VIEW_LIT(""), now_ms);
    must_be_closed(c, DISCONNECT_BAD_REQUEST);
    say(come(NULL), "\n"); /* the hub takes its turn */
    cr_expect_str_eq(heard(c), "");
}

Test(client_server_side, may_be_ordered_at_a_position)
{
    client_sub_order order = {.channel = VIEW_LIT("a"), .data = VIEW_LIT("[5]")};

    OPEN(WITH_KEY, RECOVERY);
    client *c = come_with("{\"sub\":\"ann\"}");
    const hub_select who = {.user = VIEW_LIT("ann")};
    char expected[256];

    publish(c, "a", 1);
    (void)heard(c);
    cr_expect_eq(clients_subscribe(c->desk->hub, &who, &order), 1);
    say(come(NULL), "\n"); /* the hub takes its turn */

    const char *push = heard(c);

    (void)snprintf(
        expected, sizeof expected,
        "{\"push\":{\"channel\":\"a\",\"subscribe\":{\"recoverable\":true,\"epoch\":\"%s\","
        "\"offset\":1,\"positioned\":true,\"data\":[5]}}}",
        epoch_in(push));
    cr_expect_str_eq(push, expected);
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
