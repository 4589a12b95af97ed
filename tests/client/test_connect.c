/* SPDX-License-Identifier: MIT */
/* Who may come in, as whom, and what it is told. */
#include <stdio.h>

#include "clock.h"
#include "fixture.h"

TestSuite(client_connect, .fini = desk_close);

static const char connect[] = "{\"id\":1,\"connect\":{}}";

/* Fails the test unless c is answered with its id, the version, and `rest`. */
static void must_connect(client *c, const char *rest)
{
    hub_client_id id = hub_conn_client_id(&c->conn);
    char answer[256];

    (void)snprintf(answer, sizeof answer,
                   "{\"id\":1,\"connect\":{\"client\":\"%s\",\"version\":\"" GRACECAST_VERSION
                   " Gracecast\"%s}}",
                   id.text, rest);
    must_answer(c, connect, answer);
    must_be_closed(c, 0);
    cr_expect_eq(c->state, CLIENT_CONNECTED);
}

Test(client_connect, takes_anybody_when_insecure)
{
    OPEN("--client.insecure");
    client *c = come(NULL);

    must_connect(c, ",\"ping\":25,\"pong\":true");
    cr_expect_eq(hub_conn_user(&c->conn).len, 0);
}

Test(client_connect, takes_anonymous_ones_where_allowed)
{
    OPEN("--client.allow_anonymous_connect_without_token");
    must_connect(come(NULL), ",\"ping\":25,\"pong\":true");
}

Test(client_connect, takes_those_whom_the_handshake_named)
{
    OPEN();
    client *c = come("ann");

    must_connect(c, ",\"ping\":25,\"pong\":true");
    cr_expect(view_eq(hub_conn_user(&c->conn), VIEW_LIT("ann")));
    cr_expect_null(c->user, "the name is kept twice");
}

Test(client_connect, takes_nobody_else)
{
    OPEN();
    must_close(false, connect, DISCONNECT_BAD_REQUEST);
    must_close(false, "{\"id\":1,\"connect\":{\"token\":\"\",\"name\":\"ann\"}}",
               DISCONNECT_BAD_REQUEST);
}

Test(client_connect, takes_no_token_without_a_key_for_it)
{
    OPEN("--client.insecure");
    must_close(false, "{\"id\":1,\"connect\":{\"token\":\"x\"}}", DISCONNECT_INVALID_TOKEN);

    client *c = come("ann");

    must_answer(c, "{\"id\":1,\"connect\":{\"token\":\"x\"}}", "");
    must_be_closed(c, DISCONNECT_INVALID_TOKEN);
}

Test(client_connect, tells_its_intervals)
{
    OPEN("--client.insecure", "--client.ping_interval=1500ms", "--client.pong_timeout=0s");
    must_connect(come(NULL), ",\"ping\":2");
}

Test(client_connect, tells_of_no_pings_where_there_are_none)
{
    OPEN("--client.insecure", "--client.ping_interval=0s", "--client.pong_timeout=0s");
    must_connect(come(NULL), "");
}

Test(client_connect, tells_the_time_where_asked_to)
{
    OPEN("--client.insecure", "--client.connect_include_server_time");
    client *c = come(NULL);
    uint64_t before = clock_wall_ms();

    say(c, connect);

    const char *member = strstr(heard(c), ",\"time\":");

    cr_assert_not_null(member);
    uint64_t told = strtoull(member + strlen(",\"time\":"), NULL, 10);
    cr_expect(told >= before && told <= clock_wall_ms());
}

Test(client_connect, comes_before_every_other_command)
{
    static const char *const early[] = {
        "{\"id\":1,\"subscribe\":{\"channel\":\"a\"}}",
        "{\"id\":1,\"unsubscribe\":{\"channel\":\"a\"}}",
        "{\"id\":1,\"publish\":{\"channel\":\"a\",\"data\":1}}",
        "{\"id\":1,\"presence_stats\":{\"channel\":\"a\"}}",
        "{\"id\":1,\"presence\":{\"channel\":\"a\"}}",
        "{\"id\":1,\"history\":{\"channel\":\"a\"}}",
        "{\"id\":1,\"rpc\":{}}",
        "{\"send\":{}}",
        "{\"id\":1}",
        "{}",
        "{\"connect\":{}}", /* without an id it is no connect */
    };

    OPEN("--client.insecure");
    for (size_t i = 0; i < sizeof early / sizeof *early; i++)
        must_close(false, early[i], DISCONNECT_BAD_REQUEST);
}

Test(client_connect, comes_once)
{
    OPEN("--client.insecure");
    must_close(true, "{\"id\":2,\"connect\":{}}", DISCONNECT_BAD_REQUEST);
}
