/* SPDX-License-Identifier: MIT */
/* What a client is told when an allocation fails: that, or nothing, and never half of it. */
#include "failing_alloc.h"
#include "tokens.h"

TestSuite(client_memory, .fini = desk_close);

static const char lines[] = "{\"id\":1,\"connect\":{}}\n"
                            "{\"id\":2,\"subscribe\":{\"channel\":\"\\u0061\"}}\n"
                            "{\"id\":3,\"publish\":{\"channel\":\"a\",\"data\":1}}\n"
                            "{\"id\":4,\"presence\":{\"channel\":\"a\"}}\n"
                            "{\"id\":5,\"unsubscribe\":{\"channel\":\"a\"}}";

/* Says `message` with the nth allocation failing. false: there were fewer. */
static bool say_without_memory(client *c, const char *message, size_t nth)
{
    cr_assert(buf_reserve(&fake_conn_of(&c->conn)->wire, 4096));
    failing_alloc_arm(nth);
    client_message(c, view_of(message), now_ms);
    return failing_alloc_disarm();
}

/* Fails the test unless a client that says so, whatever allocation fails, is answered or closed. */
static void must_answer_or_close(const char *message)
{
    bool struck = true;

    for (size_t nth = 0; struck; nth++) {
        client *c = come(NULL);

        struck = say_without_memory(c, message, nth);
        say(come(NULL), "\n"); /* the hub takes its turn */
        if (c->conn.closing)
            must_be_closed(c, DISCONNECT_INTERNAL);
        else
            cr_expect_neq(*heard(c), '\0');
        cr_expect(struck || !c->conn.closing);
    }
}

Test(client_memory, whoever_comes_with_a_token_is_answered_or_closed)
{
    static const char kept[] = "--channel.namespaces=[{\"name\":\"kept\",\"history_size\":5,"
                               "\"history_ttl\":\"60s\",\"force_recovery\":true}]";

    OPEN(WITH_KEY, "--client.subscribe_to_user_personal_channel.enabled", kept);
    must_answer_or_close(CONNECT("{\"sub\":\"ann\",\"exp\":%ld,\"subs\":{\"a\":{\"info\":1},"
                                 "\"b\":{\"b64data\":\"WzFd\"}}}",
                                 (long)wall_s() + 1000));
    must_answer_or_close(CONNECT("{\"sub\":\"ann\",\"channels\":[\"kept:a\",\"kept:b\"]}"));
}

static size_t count_lines(const char *text)
{
    size_t count = 1;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

Test(client_memory, each_line_is_answered_or_the_client_is_closed)
{
    size_t refused = 0;
    size_t closed = 0;
    bool struck = true;

    for (size_t nth = 0; struck; nth++) {
        if (nth != 0)
            desk_close();
        OPEN("--client.insecure", "--channel.without_namespace.presence",
             "--channel.without_namespace.join_leave",
             "--channel.without_namespace.force_push_join_leave");
        client *c = come("ann");

        struck = say_without_memory(c, lines, nth);
        if (c->conn.closing) {
            must_be_closed(c, DISCONNECT_INTERNAL);
            closed++;
            continue;
        }
        const char *answer = heard(c);

        cr_expect_eq(count_lines(answer), 5, "%zu: %s", nth, answer);
        refused += strstr(answer, "\"code\":100,") != NULL;
        cr_expect(struck || strstr(answer, "\"error\"") == NULL, "%s", answer);
    }
    cr_expect_gt(refused, 0);
    cr_expect_gt(closed, 0);
}

Test(client_memory, a_client_is_closed_once_also_then)
{
    bool struck = true;

    OPEN("--client.insecure");
    for (size_t nth = 0; struck; nth++) {
        client *c = come_connected(NULL);

        struck = say_without_memory(c, "{\"id\":1,\"unsubscribe\":{\"channel\":\"a\"}}\n?", nth);
        must_be_closed(c, struck ? DISCONNECT_INTERNAL : DISCONNECT_BAD_REQUEST);
        must_answer(come_connected(NULL), "{\"id\":5,\"unsubscribe\":{\"channel\":\"a\"}}",
                    "{\"id\":5,\"unsubscribe\":{}}");
    }
}
