/* SPDX-License-Identifier: MIT */
/* History, positions and recovery, as a client meets them. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "stream.h"

#include "fixture.h"

#define KEEPS "\"history_size\":5,\"history_ttl\":\"60s\",\"allow_subscribe_for_client\":true,"

static void setup(void)
{
    OPEN("--client.history_max_publication_limit=3",
         "--client.allow_anonymous_connect_without_token",
         "--channel.namespaces=["
         "{\"name\":\"force\"," KEEPS "\"force_recovery\":true,\"join_leave\":true,"
         "\"force_push_join_leave\":true,\"allow_publish_for_client\":true},"
         "{\"name\":\"allow\"," KEEPS "\"allow_recovery\":true,\"allow_positioning\":true},"
         "{\"name\":\"deny\"," KEEPS "\"allow_publish_for_client\":true},"
         "{\"name\":\"see\"," KEEPS "\"allow_history_for_client\":true,"
         "\"allow_publish_for_client\":true},"
         "{\"name\":\"subs\"," KEEPS "\"allow_history_for_subscriber\":true},"
         "{\"name\":\"dark\",\"allow_subscribe_for_client\":true,\"allow_recovery\":true,"
         "\"allow_history_for_client\":true}]");
}

TestSuite(client_history, .init = setup, .fini = desk_close);

/* Replaces what follows `mark`, `len` bytes, by one letter, wherever that is. */
static void mask(char *text, const char *mark, size_t len, char stand_in)
{
    for (char *at = strstr(text, mark); at != NULL; at = strstr(at, mark)) {
        at += strlen(mark);
        if (strlen(at) < len || memchr(at, '"', len) != NULL)
            continue;
        *at = stand_in;
        memmove(at + 1, at + len, strlen(at + len) + 1);
    }
}

/* What c hears when it says this, with E for each epoch and C for each client. */
static const char *answer(client *c, const char *message)
{
    static char text[2000];

    say_at_work(c, message);
    work();
    (void)snprintf(text, sizeof text, "%s", heard(c));
    mask(text, "\"epoch\":\"", STREAM_EPOCH_LEN, 'E');
    mask(text, "\"client\":\"", HUB_CLIENT_ID_LEN, 'C');
    return text;
}

static void must_hear(client *c, const char *message, const char *expected)
{
    const char *text = answer(c, message);

    cr_expect_str_eq(text, expected, "%s\nwas answered %s\ninstead of   %s", message, text,
                     expected);
    must_be_closed(c, 0);
}

static void must_hear_error(client *c, const char *message, uint32_t error)
{
    char expected[200];

    (void)snprintf(expected, sizeof expected,
                   "{\"id\":1,\"error\":{\"code\":%u,\"message\":\"%s\"}}", error,
                   protocol_error_text(error));
    must_hear(c, message, expected);
}

#define PUBLISH(channel, data) \
    "{\"id\":9,\"publish\":{\"channel\":\"" channel "\",\"data\":" data "}}"

Test(client_history, a_position_is_known_where_that_is_forced)
{
    client *c = come_connected("ann");

    must_hear(c, "{\"id\":1,\"subscribe\":{\"channel\":\"force:a\"}}",
              "{\"id\":1,\"subscribe\":{\"recoverable\":true,\"epoch\":\"E\",\"positioned\":true}}|"
              "{\"push\":{\"channel\":\"force:a\",\"join\":{\"info\":{\"user\":\"ann\","
              "\"client\":\"C\"}}}}");
}

Test(client_history, a_position_is_known_to_those_who_ask_and_may)
{
    client *c = come_connected("ann");

    must_hear(c, "{\"id\":1,\"subscribe\":{\"channel\":\"allow:a\"}}",
              "{\"id\":1,\"subscribe\":{}}");
    must_hear(c, "{\"id\":1,\"subscribe\":{\"channel\":\"allow:b\",\"positioned\":true}}",
              "{\"id\":1,\"subscribe\":{\"epoch\":\"E\",\"positioned\":true}}");
    must_hear(
        c, "{\"id\":1,\"subscribe\":{\"channel\":\"allow:c\",\"recoverable\":true}}",
        "{\"id\":1,\"subscribe\":{\"recoverable\":true,\"epoch\":\"E\",\"positioned\":true}}");
    must_hear(
        c, "{\"id\":1,\"subscribe\":{\"channel\":\"see:a\",\"recoverable\":true}}",
        "{\"id\":1,\"subscribe\":{\"recoverable\":true,\"epoch\":\"E\",\"positioned\":true}}");
    must_hear(c, "{\"id\":1,\"subscribe\":{\"channel\":\"deny:a\",\"recoverable\":true}}",
              "{\"id\":1,\"subscribe\":{}}");
    must_hear(c, "{\"id\":1,\"subscribe\":{\"channel\":\"dark:a\",\"recoverable\":true}}",
              "{\"id\":1,\"subscribe\":{}}");
}

Test(client_history, what_a_client_missed_is_in_the_reply)
{
    client *c = come_connected("ann");

    (void)answer(c, PUBLISH("force:a", "1"));
    (void)answer(c, PUBLISH("force:a", "[2,\"x\"]"));
    must_hear(c, "{\"id\":1,\"subscribe\":{\"channel\":\"force:a\",\"recover\":true,\"offset\":1}}",
              "{\"id\":1,\"subscribe\":{\"recoverable\":true,\"epoch\":\"E\",\"publications\":["
              "{\"data\":[2,\"x\"],\"info\":{\"user\":\"ann\",\"client\":\"C\"},\"offset\":2}],"
              "\"recovered\":true,\"offset\":1,\"positioned\":true,\"was_recovering\":true}}|"
              "{\"push\":{\"channel\":\"force:a\",\"join\":{\"info\":{\"user\":\"ann\","
              "\"client\":\"C\"}}}}");
}

Test(client_history, who_cannot_recover_may_refuse_to_be_subscribed)
{
    client *c = come_connected("ann");
    client *other = come_connected("bob");

    (void)answer(other, "{\"id\":1,\"subscribe\":{\"channel\":\"force:a\"}}");
    must_hear_error(c,
                    "{\"id\":1,\"subscribe\":{\"channel\":\"force:a\",\"recover\":true,"
                    "\"epoch\":\"_\",\"flag\":2}}",
                    PROTOCOL_UNRECOVERABLE_POSITION);
    cr_expect_not(hub_is_subscribed(&c->conn, VIEW_LIT("force:a")));
    cr_expect_str_eq(heard(other), "", "nobody is told of it");
    must_hear(c,
              "{\"id\":1,\"subscribe\":{\"channel\":\"force:a\",\"recover\":true,\"epoch\":\"_\"}}",
              "{\"id\":1,\"subscribe\":{\"recoverable\":true,\"epoch\":\"E\",\"positioned\":true,"
              "\"was_recovering\":true}}|"
              "{\"push\":{\"channel\":\"force:a\",\"join\":{\"info\":{\"user\":\"ann\","
              "\"client\":\"C\"}}}}");
}

Test(client_history, commands_behind_one_that_waits_keep_their_order)
{
    client *c = come_connected("ann");

    must_hear(c,
              "{\"id\":1,\"subscribe\":{\"channel\":\"allow:a\",\"positioned\":true}}\n"
              "{\"id\":2,\"subscribe\":{\"channel\":\"allow:a\"}}\n"
              "{\"id\":3,\"unsubscribe\":{\"channel\":\"allow:a\"}}\n"
              "{\"id\":4,\"subscribe\":{\"channel\":\"allow:a\"}}",
              "{\"id\":1,\"subscribe\":{\"epoch\":\"E\",\"positioned\":true}}\n"
              "{\"id\":2,\"error\":{\"code\":105,\"message\":\"already subscribed\"}}\n"
              "{\"id\":3,\"unsubscribe\":{}}\n"
              "{\"id\":4,\"subscribe\":{}}");
}

static double cpu_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* c asks so often in one message, and each question waits for its answer. Returns what that costs. */
static double ask_often(client *c, uint32_t count)
{
    buf message = {0};
    double start = cpu_seconds();
    uint32_t answered = 0;

    for (uint32_t i = 1; i <= count; i++)
        buf_printf(&message, "%s{\"id\":%u,\"history\":{\"channel\":\"see:a\"}}",
                   i == 1 ? "" : "\n", i);
    buf_append_char(&message, '\0');
    say_at_work(c, message.data);
    for (uint32_t before = UINT32_MAX; before != answered;) {
        const char *at;

        before = answered;
        work();
        for (at = strstr(heard(c), "{\"id\":"); at != NULL; at = strstr(at + 6, "{\"id\":"))
            cr_assert_eq(strtoul(at + 6, NULL, 10), ++answered);
    }
    cr_assert_eq(answered, count);
    buf_fini(&message);
    return cpu_seconds() - start;
}

TestSuite(client_patience, .fini = desk_close);

Test(client_patience, ten_times_the_commands_that_wait_cost_about_ten_times_as_much)
{
    OPEN("--client.insecure", "--client.queue_max_size=4MiB",
         "--channel.namespaces=[{\"name\":\"see\",\"history_size\":5,\"history_ttl\":\"60s\"}]");
    client *c = come_connected("ann");
    double few = ask_often(c, 6000);
    double many = ask_often(c, 60000);

    /* a hundred times if each command moved those behind it */
    cr_expect_lt(many, 25 * few + 0.05, "%.3f s and %.3f s", few, many);
}

Test(client_history, a_subscription_ended_by_the_server_before_its_position_is_told_in_order)
{
    client *c = come_connected("ann");
    hub_select who = {.user = VIEW_LIT("ann")};

    say_at_work(c, "{\"id\":1,\"subscribe\":{\"channel\":\"allow:a\",\"positioned\":true}}");
    cr_assert_eq(
        hub_end_subscriptions(c->desk->hub, &who, VIEW_LIT("allow:a"), 2000, VIEW_LIT("bye")), 1);
    /* whichever comes first, its reply comes before the push */
    work();

    const char *text = heard(c);
    const char *push = strstr(text, "\"unsubscribe\":{\"code\":2000");

    cr_expect_not_null(push, "%s", text);
    cr_expect(strncmp(text, "{\"id\":1,\"subscribe\":{", 21) == 0, "%s", text);
    cr_expect_not(hub_is_subscribed(&c->conn, VIEW_LIT("allow:a")));
}

Test(client_history, a_client_may_go_while_it_waits)
{
    client *c = come_connected("ann");
    client *other = come_connected("bob");

    say_at_work(c, "{\"id\":1,\"subscribe\":{\"channel\":\"allow:a\",\"positioned\":true}}");
    say_at_work(other, "{\"id\":1,\"history\":{\"channel\":\"see:a\"}}");
    /* desk_close() ends them with the answers on their way */
}

Test(client_history, is_read_in_pages)
{
    client *c = come_connected(NULL);
    client *ann = come_connected("ann");

    for (int i = 0; i < 5; i++)
        (void)answer(ann, PUBLISH("deny:a", "1"));
    must_hear_error(c, "{\"id\":1,\"history\":{\"channel\":\"deny:a\"}}",
                    PROTOCOL_PERMISSION_DENIED);
    must_hear_error(ann, "{\"id\":1,\"history\":{\"channel\":\"deny:a\"}}",
                    PROTOCOL_PERMISSION_DENIED);
    must_hear_error(c, "{\"id\":1,\"history\":{\"channel\":\"see:a\"}}",
                    PROTOCOL_PERMISSION_DENIED);
    must_hear(ann, "{\"id\":1,\"history\":{\"channel\":\"see:a\",\"limit\":5}}",
              "{\"id\":1,\"history\":{\"publications\":[],\"epoch\":\"E\",\"offset\":0}}");
    for (int i = 0; i < 5; i++)
        (void)answer(ann, PUBLISH("see:a", "1"));
    must_hear(ann, "{\"id\":1,\"history\":{\"channel\":\"see:a\"}}",
              "{\"id\":1,\"history\":{\"publications\":[],\"epoch\":\"E\",\"offset\":5}}");

    const char *text = answer(ann, "{\"id\":1,\"history\":{\"channel\":\"see:a\",\"limit\":-1}}");

    cr_expect_not_null(strstr(text, "\"offset\":3}]"), "three are the limit: %s", text);
    text = answer(ann, "{\"id\":1,\"history\":{\"channel\":\"see:a\",\"limit\":1,\"reverse\":true,"
                       "\"since\":{\"offset\":4}}}");
    cr_expect_not_null(strstr(text, "\"offset\":3}]"), "%s", text);
}

Test(client_history, is_for_those_who_may_see_it)
{
    client *c = come_connected("ann");

    must_hear_error(c, "{\"id\":1,\"history\":{\"channel\":\"subs:a\"}}",
                    PROTOCOL_PERMISSION_DENIED);
    (void)answer(c, "{\"id\":1,\"subscribe\":{\"channel\":\"subs:a\"}}");
    must_hear(c, "{\"id\":1,\"history\":{\"channel\":\"subs:a\"}}",
              "{\"id\":1,\"history\":{\"publications\":[],\"epoch\":\"E\",\"offset\":0}}");
    must_hear_error(c, "{\"id\":1,\"history\":{\"channel\":\"dark:a\"}}", PROTOCOL_NOT_AVAILABLE);
    must_hear_error(c, "{\"id\":1,\"history\":{\"channel\":\"nope:a\"}}", PROTOCOL_UNKNOWN_CHANNEL);
    must_hear_error(c,
                    "{\"id\":1,\"history\":{\"channel\":\"subs:a\",\"reverse\":true,"
                    "\"since\":{\"epoch\":\"abc\"}}}",
                    PROTOCOL_BAD_REQUEST);
    must_hear_error(c,
                    "{\"id\":1,\"history\":{\"channel\":\"subs:a\",\"since\":{\"epoch\":\"abc\"}}}",
                    PROTOCOL_UNRECOVERABLE_POSITION);
    must_close(true, "{\"id\":1,\"history\":{}}", DISCONNECT_BAD_REQUEST);
}
