/* SPDX-License-Identifier: MIT */
/* How messages are taken apart, and what no client may say. */
#include "fixture.h"

static void setup(void)
{
    OPEN("--client.insecure", "--channel.without_namespace.presence");
}

TestSuite(client_message, .init = setup, .fini = desk_close);

Test(client_message, is_answered_line_by_line_in_one_message)
{
    client *c = come_connected(NULL);

    must_answer(c,
                "{\"id\":9,\"subscribe\":{\"channel\":\"a\"}}\n"
                "{\"id\":8,\"subscribe\":{\"channel\":\"a\"}}\n"
                "{\"id\":7,\"presence_stats\":{\"channel\":\"a\"}}\n"
                "{\"id\":6,\"unsubscribe\":{\"channel\":\"a\"}}\n",
                "{\"id\":9,\"subscribe\":{}}\n"
                "{\"id\":8,\"error\":{\"code\":105,\"message\":\"already subscribed\"}}\n"
                "{\"id\":7,\"presence_stats\":{\"num_clients\":1,\"num_users\":1}}\n"
                "{\"id\":6,\"unsubscribe\":{}}");
    cr_expect_eq(fake_conn_of(&c->conn)->writes, 2, "one for connect, one for these");
}

Test(client_message, may_bring_connect_and_more)
{
    client *c = come(NULL);

    say(c, "{\"id\":1,\"connect\":{}}\n{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}");

    const char *answer = heard(c);

    cr_expect_eq(strncmp(answer, "{\"id\":1,\"connect\":{", 19), 0, "%s", answer);
    cr_expect_not_null(strstr(answer, "}\n{\"id\":2,\"subscribe\":{}}"), "%s", answer);
    must_be_closed(c, 0);
}

Test(client_message, is_answered_up_to_the_line_that_is_wrong)
{
    client *c = come_connected(NULL);

    must_answer(c,
                "{\"id\":1,\"subscribe\":{\"channel\":\"a\"}}\n"
                "{\"id\":2,\n"
                "{\"id\":3,\"subscribe\":{\"channel\":\"b\"}}",
                "{\"id\":1,\"subscribe\":{}}");
    must_be_closed(c, DISCONNECT_BAD_REQUEST);
    must_answer(come_connected(NULL), "{\"id\":1,\"presence_stats\":{\"channel\":\"b\"}}",
                "{\"id\":1,\"presence_stats\":{\"num_clients\":0,\"num_users\":0}}");
}

Test(client_message, of_one_client_is_not_answered_to_another)
{
    client *gone = come_connected(NULL);
    client *c = come_connected(NULL);

    say(gone, "{\"id\":1,\"subscribe\":{\"channel\":\"a\"}}\n?");
    must_be_closed(gone, DISCONNECT_BAD_REQUEST);
    must_answer(c, "{\"id\":2,\"unsubscribe\":{\"channel\":\"a\"}}",
                "{\"id\":2,\"unsubscribe\":{}}");
}

Test(client_message, of_a_closed_client_is_not_heard)
{
    client *c = come_connected(NULL);

    say(c, "?");
    must_answer(c, "{\"id\":1,\"subscribe\":{\"channel\":\"a\"}}", "");
    must_answer(c, "", "");
    must_be_closed(c, DISCONNECT_BAD_REQUEST);
}

Test(client_message, that_is_none_closes)
{
    static const char *const wrong[] = {
        "",
        "\n",
        "\n{}",
        "nonsense",
        "[]",
        "1",
        "{\"id\":1,\"subscribe\":{\"channel\":\"a\"}",
        "{\"id\":1,\"subscribe\":{\"channel\":\"a\"}}\n\n",
        "{\"id\":\"1\",\"subscribe\":{\"channel\":\"a\"}}",
        "{\"id\":-1,\"subscribe\":{\"channel\":\"a\"}}",
        "{\"id\":4294967296,\"subscribe\":{\"channel\":\"a\"}}",
        "{\"id\":1,\"subscribe\":[]}",
        "{\"id\":1,\"subscribe\":{\"channel\":1}}",
        "{\"id\":1,\"publish\":{\"channel\":true,\"data\":1}}",
        "{\"id\":1}",
        "{\"id\":1,\"dance\":{}}",
        "{}",
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        client *c = come_connected(NULL);

        say(c, wrong[i]);
        cr_expect_eq(fake_conn_of(&c->conn)->closed_with, DISCONNECT_BAD_REQUEST, "%s", wrong[i]);
    }
}

Test(client_message, without_a_channel_closes)
{
    static const char *const wrong[] = {
        "{\"id\":1,\"subscribe\":{}}",
        "{\"id\":1,\"subscribe\":{\"channel\":\"\"}}",
        "{\"id\":1,\"unsubscribe\":{}}",
        "{\"id\":1,\"publish\":{\"data\":1}}",
        "{\"id\":1,\"publish\":{\"channel\":\"\"}}",
        "{\"id\":1,\"presence_stats\":{\"channel\":null}}",
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        must_close(true, wrong[i], DISCONNECT_BAD_REQUEST);
}

Test(client_message, to_nobody_closes)
{
    must_close(true, "{\"send\":{\"data\":1}}", DISCONNECT_NOT_AVAILABLE);
    must_close(true, "{\"id\":1,\"send\":{\"data\":1}}", DISCONNECT_NOT_AVAILABLE);
}

Test(client_message, for_what_there_is_not_is_refused)
{
    client *c = come_connected(NULL);

    must_refuse(c, "{\"id\":1,\"history\":{\"channel\":\"a\"}}", PROTOCOL_NOT_AVAILABLE);
    must_refuse(c, "{\"id\":1,\"rpc\":{\"method\":\"m\"}}", PROTOCOL_NOT_AVAILABLE);
}
