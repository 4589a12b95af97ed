/* SPDX-License-Identifier: MIT */
/* Subscribing, publishing and asking for presence, where all of it is permitted. */
#include <stdio.h>

#include "fixture.h"

static void setup(void)
{
    OPEN("--client.insecure", "--client.channel_limit=3", "--channel.max_length=20",
         "--channel.without_namespace.presence",
         "--channel.namespaces=[{\"name\":\"dark\"},{\"name\":\"chat\",\"presence\":true}]");
}

TestSuite(client_channels, .init = setup, .fini = desk_close);

/* Fails the test unless the subscription is made. */
static void subscribe(client *c, const char *channel)
{
    char message[128];

    (void)snprintf(message, sizeof message, "{\"id\":1,\"subscribe\":{\"channel\":\"%s\"}}",
                   channel);
    must_answer(c, message, "{\"id\":1,\"subscribe\":{}}");
}

Test(client_channels, subscribes_and_hears)
{
    client *c = come_connected(NULL);
    client *other = come_connected(NULL);

    subscribe(c, "a");
    must_answer(other, "{\"id\":5,\"publish\":{\"channel\":\"a\",\"data\":{\"x\": 1}}}",
                "{\"id\":5,\"publish\":{}}");
    cr_expect_not_null(
        strstr(heard(c), "{\"push\":{\"channel\":\"a\",\"pub\":{\"data\":{\"x\": 1}"));
    cr_expect_str_eq(heard(other), "");
}

Test(client_channels, publications_name_their_publisher)
{
    client *c = come_connected("ann");
    hub_client_id id = hub_conn_client_id(&c->conn);
    char push[256];

    subscribe(c, "a");
    say(c, "{\"id\":5,\"publish\":{\"channel\":\"a\",\"data\":1}}");
    (void)snprintf(push, sizeof push,
                   "{\"id\":5,\"publish\":{}}|{\"push\":{\"channel\":\"a\",\"pub\":{\"data\":1,"
                   "\"info\":{\"user\":\"ann\",\"client\":\"%s\"}}}}",
                   id.text);
    cr_expect_str_eq(heard(c), push);
}

Test(client_channels, unsubscribes_and_hears_no_more)
{
    client *c = come_connected(NULL);

    subscribe(c, "a");
    must_answer(c, "{\"id\":2,\"unsubscribe\":{\"channel\":\"a\"}}",
                "{\"id\":2,\"unsubscribe\":{}}");
    must_answer(c, "{\"id\":3,\"publish\":{\"channel\":\"a\",\"data\":1}}",
                "{\"id\":3,\"publish\":{}}");
    must_answer(c, "{\"id\":4,\"unsubscribe\":{\"channel\":\"a\"}}",
                "{\"id\":4,\"unsubscribe\":{}}");
    subscribe(c, "a");
}

Test(client_channels, subscribes_once)
{
    client *c = come_connected(NULL);

    subscribe(c, "a");
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"a\"}}", PROTOCOL_ALREADY_SUBSCRIBED);
}

Test(client_channels, has_a_limit_for_each_client)
{
    client *c = come_connected(NULL);

    subscribe(c, "a");
    subscribe(c, "b");
    subscribe(c, "c");
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"d\"}}", PROTOCOL_LIMIT_EXCEEDED);
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"c\"}}", PROTOCOL_ALREADY_SUBSCRIBED);
    subscribe(come_connected(NULL), "d");
    say(c, "{\"id\":1,\"unsubscribe\":{\"channel\":\"a\"}}");
    (void)heard(c);
    subscribe(c, "d");
}

Test(client_channels, may_have_names_of_visible_ascii_up_to_a_length)
{
    client *c = come_connected(NULL);

    subscribe(c, "12345678901234567890");
    subscribe(c, " !#~");
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"123456789012345678901\"}}",
                PROTOCOL_BAD_REQUEST);
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"\\u00e9\"}}", PROTOCOL_BAD_REQUEST);
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"a\\n\"}}", PROTOCOL_BAD_REQUEST);
    must_refuse(c, "{\"id\":1,\"publish\":{\"channel\":\"\\u007f\",\"data\":1}}",
                PROTOCOL_BAD_REQUEST);
    must_refuse(c, "{\"id\":1,\"presence_stats\":{\"channel\":\"\\u0000\"}}", PROTOCOL_BAD_REQUEST);
}

Test(client_channels, belong_to_namespaces_that_there_are)
{
    client *c = come_connected(NULL);

    subscribe(c, "chat:a");
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"x:a\"}}", PROTOCOL_UNKNOWN_CHANNEL);
    must_refuse(c, "{\"id\":1,\"publish\":{\"channel\":\"x:a\",\"data\":1}}",
                PROTOCOL_UNKNOWN_CHANNEL);
    must_refuse(c, "{\"id\":1,\"presence_stats\":{\"channel\":\"x:a\"}}", PROTOCOL_UNKNOWN_CHANNEL);
}

Test(client_channels, are_not_subscribed_to_with_what_there_is_not)
{
    client *c = come_connected(NULL);

    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"a\",\"tf\":{}}}", PROTOCOL_BAD_REQUEST);
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"a\",\"type\":1}}",
                PROTOCOL_NOT_AVAILABLE);
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"a\",\"token\":\"t\"}}",
                PROTOCOL_PERMISSION_DENIED);
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"$a\"}}", PROTOCOL_PERMISSION_DENIED);
    must_close(true, "{\"id\":1,\"subscribe\":{\"channel\":\"a\",\"delta\":\"x\"}}",
               DISCONNECT_BAD_REQUEST);
    must_answer(c, "{\"id\":1,\"subscribe\":{\"channel\":\"a\",\"delta\":\"fossil\"}}",
                "{\"id\":1,\"subscribe\":{}}");
}

Test(client_channels, are_not_published_to_without_data)
{
    client *c = come_connected(NULL);

    must_refuse(c, "{\"id\":1,\"publish\":{\"channel\":\"a\"}}", PROTOCOL_BAD_REQUEST);
    must_refuse(c, "{\"id\":1,\"publish\":{\"channel\":\"a\",\"data\":null}}",
                PROTOCOL_BAD_REQUEST);
    must_refuse(c, "{\"id\":1,\"publish\":{\"channel\":\"x:a\"}}", PROTOCOL_BAD_REQUEST);
}

Test(client_channels, tell_who_is_there)
{
    client *ann = come_connected("ann");
    client *again = come_connected("ann");
    client *bob = come_connected("bob");

    subscribe(ann, "chat:a");
    subscribe(again, "chat:a");
    subscribe(bob, "chat:a");
    must_answer(bob, "{\"id\":2,\"presence_stats\":{\"channel\":\"chat:a\"}}",
                "{\"id\":2,\"presence_stats\":{\"num_clients\":3,\"num_users\":2}}");
    must_refuse(bob, "{\"id\":1,\"presence_stats\":{\"channel\":\"dark:a\"}}",
                PROTOCOL_NOT_AVAILABLE);
}
