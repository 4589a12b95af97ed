/* SPDX-License-Identifier: MIT */
/* Presence, and being told of joins and leaves. */
#include "fixture.h"

#include <stdio.h>

enum { MANY = 1200 }; /* more than a roll call reads at once */

static void setup(void)
{
    OPEN("--client.allow_anonymous_connect_without_token",
         "--channel.namespaces=["
         "{\"name\":\"room\",\"presence\":true,\"join_leave\":true,"
         "\"allow_subscribe_for_client\":true,\"allow_subscribe_for_anonymous\":true,"
         "\"allow_publish_for_client\":true,\"allow_presence_for_client\":true},"
         "{\"name\":\"forced\",\"presence\":true,\"join_leave\":true,"
         "\"force_push_join_leave\":true,\"allow_subscribe_for_client\":true,"
         "\"allow_subscribe_for_anonymous\":true},"
         "{\"name\":\"subs\",\"presence\":true,\"join_leave\":true,"
         "\"allow_subscribe_for_client\":true,\"allow_presence_for_subscriber\":true},"
         "{\"name\":\"quiet\",\"presence\":true,\"force_push_join_leave\":true,"
         "\"allow_subscribe_for_client\":true,\"allow_presence_for_client\":true},"
         "{\"name\":\"dark\",\"allow_subscribe_for_client\":true,"
         "\"allow_presence_for_client\":true}]");
}

TestSuite(client_presence, .init = setup, .fini = desk_close);

/* "{"user":"ann","client":"..."}" as others see c. */
static const char *info_of(const client *c)
{
    static char text[256];
    hub_client_id id = hub_conn_client_id(&c->conn);
    view user = hub_conn_user(&c->conn);

    (void)snprintf(text, sizeof text, "{\"user\":\"%.*s\",\"client\":\"%s\"}", (int)user.len,
                   user.ptr, id.text);
    return text;
}

/* It is sent nothing but the join or leave of `who` in `channel`. */
static void must_be_told(client *c, const char *what, const char *channel, const client *who)
{
    char push[512];
    const char *message;

    (void)snprintf(push, sizeof push, "{\"push\":{\"channel\":\"%s\",\"%s\":{\"info\":%s}}}",
                   channel, what, info_of(who));
    message = heard(c);
    cr_expect_str_eq(message, push, "%s instead of %s", message, push);
}

static void subscribe(client *c, const char *channel, bool join_leave)
{
    char message[128];

    (void)snprintf(message, sizeof message, "{\"id\":1,\"subscribe\":{\"channel\":\"%s\"%s}}",
                   channel, join_leave ? ",\"join_leave\":true" : "");
    say(c, message);
}

static void must_subscribe(client *c, const char *channel)
{
    subscribe(c, channel, false);
    cr_expect_str_eq(heard(c), "{\"id\":1,\"subscribe\":{}}");
}

Test(client_presence, names_every_connection)
{
    client *ann = come_connected("ann");
    client *nobody = come_connected(NULL);
    hub_client_id ids[] = {hub_conn_client_id(&ann->conn), hub_conn_client_id(&nobody->conn)};
    char expected[512];

    must_answer(ann, "{\"id\":3,\"presence\":{\"channel\":\"room:a\"}}",
                "{\"id\":3,\"presence\":{\"presence\":{}}}");
    must_subscribe(nobody, "room:a");
    must_subscribe(ann, "room:a");
    (void)snprintf(expected, sizeof expected,
                   "{\"id\":3,\"presence\":{\"presence\":{"
                   "\"%s\":{\"user\":\"\",\"client\":\"%s\"},"
                   "\"%s\":{\"user\":\"ann\",\"client\":\"%s\"}}}}",
                   ids[1].text, ids[1].text, ids[0].text, ids[0].text);
    must_answer(ann, "{\"id\":3,\"presence\":{\"channel\":\"room:a\"}}", expected);
    must_refuse(nobody, "{\"id\":1,\"presence\":{\"channel\":\"room:a\"}}",
                PROTOCOL_PERMISSION_DENIED);
    must_refuse(ann, "{\"id\":1,\"presence\":{\"channel\":\"dark:a\"}}", PROTOCOL_NOT_AVAILABLE);
    must_refuse(ann, "{\"id\":1,\"presence\":{\"channel\":\"none:a\"}}", PROTOCOL_UNKNOWN_CHANNEL);
    must_close(true, "{\"id\":1,\"presence\":{}}", DISCONNECT_BAD_REQUEST);
}

/* ---- a channel so large that it takes several turns ---- */

static client *many[MANY];

static client *come_many(void)
{
    for (int i = 0; i < MANY; i++) {
        many[i] = come_connected("u");
        must_subscribe(many[i], "room:a");
    }
    return come_connected("ann");
}

Test(client_presence, of_a_large_channel_comes_in_its_turn)
{
    static const char first[] =
        "{\"id\":3,\"presence_stats\":{\"num_clients\":1200,\"num_users\":1}}\n"
        "{\"id\":4,\"unsubscribe\":{}}|{\"id\":5,\"presence\":{\"presence\":{\"";
    client *ann = come_many();
    const char *answer;

    say_at_work(ann, "{\"id\":2,\"unsubscribe\":{\"channel\":\"x\"}}\n"
                     "{\"id\":3,\"presence_stats\":{\"channel\":\"room:a\"}}\n"
                     "{\"id\":4,\"unsubscribe\":{\"channel\":\"x\"}}\n"
                     "{\"id\":5,\"presence\":{\"channel\":\"room:a\"}}\n"
                     "{\"id\":6,\"unsubscribe\":{\"channel\":\"x\"}}");
    cr_assert_str_eq(heard(ann), "{\"id\":2,\"unsubscribe\":{}}");
    say_at_work(ann, "{\"id\":7,\"unsubscribe\":{\"channel\":\"x\"}}\n");
    say_at_work(ann, "{\"id\":8,\"unsubscribe\":{\"channel\":\"x\"}}");
    cr_assert_str_eq(heard(ann), "", "they have to wait");
    work();
    answer = heard(ann);
    must_be_closed(ann, 0);
    cr_assert(view_starts_with(view_of(answer), view_of(first)), "%.200s", answer);
    answer = strstr(answer, "}}}\n{\"id\":6");
    cr_assert_not_null(answer);
    cr_expect_str_eq(answer, "}}}\n{\"id\":6,\"unsubscribe\":{}}\n{\"id\":7,\"unsubscribe\":{}}\n"
                             "{\"id\":8,\"unsubscribe\":{}}");
    must_answer(ann, "{\"id\":9,\"unsubscribe\":{\"channel\":\"x\"}}",
                "{\"id\":9,\"unsubscribe\":{}}");
}

Test(client_presence, is_not_waited_for_by_who_has_gone)
{
    client *ann = come_many();
    client *bob = come_connected("bob");

    say_at_work(ann, "{\"id\":3,\"presence\":{\"channel\":\"room:a\"}}");
    say_at_work(bob, "{\"id\":3,\"presence\":{\"channel\":\"room:a\"}}\n?");
    hub_conn_leave(&ann->conn);
    client_close(ann);
    work();
    cr_expect_str_eq(heard(ann), "");
    cr_expect_eq(strncmp(heard(bob), "{\"id\":3,", 8), 0);
    must_be_closed(bob, DISCONNECT_BAD_REQUEST);
}

Test(client_presence, does_not_have_messages_pile_up)
{
    static char message[70000];
    client *ann = come_many();

    memset(message, ' ', sizeof message - 1);
    say_at_work(ann, "{\"id\":3,\"presence\":{\"channel\":\"room:a\"}}");
    for (int i = 0; i < 20 && !ann->conn.closing; i++)
        say_at_work(ann, message);
    must_be_closed(ann, DISCONNECT_TOO_MANY_REQUESTS);
    work();
    cr_expect_str_eq(heard(ann), "");
}

/* ---- joins and leaves ---- */

Test(client_presence, tells_those_who_asked_of_joins_and_leaves)
{
    client *ann = come_connected("ann");
    client *bob = come_connected("bob");
    client *carl = come_connected("carl");
    char own[512];

    (void)snprintf(own, sizeof own,
                   "{\"id\":1,\"subscribe\":{}}|"
                   "{\"push\":{\"channel\":\"room:a\",\"join\":{\"info\":%s}}}",
                   info_of(ann));
    subscribe(ann, "room:a", true);
    cr_expect_str_eq(heard(ann), own, "the answer, then its own join");
    must_subscribe(carl, "room:a");
    must_be_told(ann, "join", "room:a", carl);
    must_subscribe(bob, "room:a");
    must_be_told(ann, "join", "room:a", bob);
    must_answer(bob, "{\"id\":2,\"unsubscribe\":{\"channel\":\"room:a\"}}",
                "{\"id\":2,\"unsubscribe\":{}}");
    must_be_told(ann, "leave", "room:a", bob);
    must_answer(ann, "{\"id\":2,\"unsubscribe\":{\"channel\":\"room:a\"}}",
                "{\"id\":2,\"unsubscribe\":{}}");
    cr_expect_str_eq(heard(carl), "", "it did not ask");
}

Test(client_presence, tells_all_where_the_namespace_says_so)
{
    client *ann = come_connected("ann");
    client *bob = come_connected(NULL);

    subscribe(ann, "forced:a", false);
    (void)heard(ann);
    subscribe(bob, "forced:a", false);
    (void)heard(bob);
    must_be_told(ann, "join", "forced:a", bob);
    say(bob, "?");
    must_be_told(ann, "leave", "forced:a", bob);
}

Test(client_presence, tells_only_those_who_may_see_it)
{
    client *nobody = come_connected(NULL);
    client *ann = come_connected("ann");
    client *bob = come_connected("bob");

    subscribe(nobody, "room:a", true);
    cr_expect_str_eq(heard(nobody), "{\"id\":1,\"subscribe\":{}}");
    subscribe(ann, "subs:a", true);
    (void)heard(ann);
    must_subscribe(bob, "subs:a");
    must_be_told(ann, "join", "subs:a", bob); /* as a subscriber it may ask for presence */
    must_subscribe(bob, "room:a");
    cr_expect_str_eq(heard(nobody), "");
}

Test(client_presence, tells_nobody_where_the_namespace_does_not)
{
    client *ann = come_connected("ann");

    subscribe(ann, "quiet:a", true);
    must_subscribe(come_connected("bob"), "quiet:a");
    cr_expect_str_eq(heard(ann), "{\"id\":1,\"subscribe\":{}}");
}

Test(client_presence, shows_in_publications_of_clients)
{
    client *ann = come_connected("ann");
    hub_client_id id = hub_conn_client_id(&ann->conn);
    hub_sub_opts opts = {.info = VIEW_LIT("[1]")};
    char expected[512];

    cr_assert_eq(hub_conn_set_info(&ann->conn, VIEW_LIT("{\"n\":1}")), GCAST_OK);
    cr_assert_eq(hub_subscribe(&ann->conn, VIEW_LIT("room:a"), &opts), GCAST_OK);
    (void)snprintf(
        expected, sizeof expected,
        "{\"id\":2,\"publish\":{}}|{\"push\":{\"channel\":\"room:a\",\"pub\":{\"data\":1,"
        "\"info\":{\"user\":\"ann\",\"client\":\"%s\",\"conn_info\":{\"n\":1},"
        "\"chan_info\":[1]}}}}",
        id.text);
    must_answer(ann, "{\"id\":2,\"publish\":{\"channel\":\"room:a\",\"data\":1}}", expected);
}
