/* SPDX-License-Identifier: MIT */
/* The rate that a subscriber gets: the namespace's, or the lower one that it asks for. */
#include <stdio.h>

#include "fixture.h"

static void setup(void)
{
    OPEN("--client.insecure",
         "--channel.namespaces=[{\"name\":\"any\"},{\"name\":\"five\",\"max_rate\":5},"
         "{\"name\":\"past\",\"history_size\":10,\"history_ttl\":\"1m\",\"allow_recovery\":true},"
         "{\"name\":\"last\",\"max_rate\":5,\"history_size\":1,\"history_ttl\":\"1m\","
         "\"allow_recovery\":true,\"force_recovery_mode\":\"cache\"}]");
}

TestSuite(client_rate, .init = setup, .fini = desk_close);

/* How many of the publications of a second, one every 10 ms, the client gets: one less than the rate,
 * as the first goes out at once and the last one later. 100: all. */
static unsigned rate_of(const char *channel, const char *data)
{
    client *c = come_connected(NULL);
    client *publisher = come_connected(NULL);
    char message[256];
    unsigned count = 0;

    now_ms = now_ms / 1000 * 1000 + 1000; /* when the intervals of all rates begin */
    (void)snprintf(message, sizeof message,
                   "{\"id\":1,\"subscribe\":{\"channel\":\"%s\",\"data\":%s}}", channel, data);
    say(c, message);
    must_be_closed(c, 0);
    cr_assert_not_null(strstr(heard(c), "\"subscribe\""));
    (void)snprintf(message, sizeof message,
                   "{\"id\":2,\"publish\":{\"channel\":\"%s\",\"data\":1}}", channel);
    for (int i = 0; i < 100; i++, now_ms += 10) {
        say(publisher, message);
        count += strstr(heard(c), "\"pub\"") != NULL ? 1 : 0;
    }
    return count;
}

Test(client_rate, is_any_unless_something_else_is_said)
{
    cr_expect_eq(rate_of("any:a", "null"), 100);
    cr_expect_eq(rate_of("any:b", "{\"other\":1}"), 100);
    cr_expect_eq(rate_of("any:c", "\"max_rate\""), 100);
    cr_expect_eq(rate_of("any:d", "[{\"max_rate\":1}]"), 100);
    cr_expect_eq(rate_of("any:e", "{\"max_rate\":1000000}"), 100);
}

Test(client_rate, is_the_lower_one)
{
    cr_expect_eq(rate_of("any:a", "{\"max_rate\":2}"), 2);
    cr_expect_eq(rate_of("five:a", "null"), 5);
    cr_expect_eq(rate_of("five:b", "{\"max_rate\":2}"), 2);
    cr_expect_eq(rate_of("five:c", "{\"max_rate\":50}"), 5);
    cr_expect_eq(rate_of("five:d", "{\"max_\\u0072ate\": 1 }"), 1);
}

Test(client_rate, has_to_be_a_whole_number_above_0)
{
    static const char *const bad[] = {"0", "-1", "0.5", "1e1", "\"2\"", "null", "[]"};
    client *c = come_connected(NULL);

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char message[128];

        (void)snprintf(
            message, sizeof message,
            "{\"id\":1,\"subscribe\":{\"channel\":\"any:a\",\"data\":{\"max_rate\":%s}}}", bad[i]);
        must_refuse(c, message, PROTOCOL_BAD_REQUEST);
    }
    must_answer(c, "{\"id\":1,\"subscribe\":{\"channel\":\"any:a\"}}",
                "{\"id\":1,\"subscribe\":{}}");
}

Test(client_rate, does_not_go_with_recovering_every_publication)
{
    client *c = come_connected(NULL);

    must_refuse(c,
                "{\"id\":1,\"subscribe\":{\"channel\":\"past:a\",\"recoverable\":true,"
                "\"data\":{\"max_rate\":2}}}",
                PROTOCOL_BAD_REQUEST);
    cr_expect_eq(rate_of("past:b", "{\"max_rate\":2}"), 2);
    say(c, "{\"id\":2,\"subscribe\":{\"channel\":\"last:a\",\"recoverable\":true,"
           "\"data\":{\"max_rate\":2}}}");
    cr_expect_not_null(strstr(heard(c), "\"recoverable\":true"));
}
