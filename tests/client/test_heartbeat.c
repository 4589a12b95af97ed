/* SPDX-License-Identifier: MIT */
/* Pings, pongs, and those who never connect. */
#include "fixture.h"

TestSuite(client_heartbeat, .fini = desk_close);

/* Fails the test unless nothing happens before `at`; then it is that time. */
static void quiet_until(client *c, uint64_t at)
{
    cr_assert_eq(c->deadline_ms, at);
    now_ms = at - 1;
    tick(c);
    cr_expect_str_eq(heard(c), "");
    must_be_closed(c, 0);
    now_ms = at;
}

/* Moves to the next ping, which must be there, and come. */
static void let_ping(client *c, uint64_t at)
{
    quiet_until(c, at);
    tick(c);
    cr_expect_str_eq(heard(c), "{}");
    must_be_closed(c, 0);
}

Test(client_heartbeat, closes_who_does_not_connect)
{
    OPEN("--client.insecure", "--client.stale_close_delay=10s");
    client *c = come(NULL);

    quiet_until(c, OPENED_MS + 10000);
    tick(c);
    cr_expect_str_eq(heard(c), "");
    must_be_closed(c, DISCONNECT_STALE);
}

Test(client_heartbeat, waits_for_connect_for_ever_where_told)
{
    OPEN("--client.insecure", "--client.stale_close_delay=0s");
    client *c = come(NULL);

    cr_expect_eq(c->deadline_ms, UINT64_MAX);
    now_ms += (uint64_t)1 << 40;
    tick(c);
    must_be_closed(c, 0);
    say(c, "{\"id\":1,\"connect\":{}}");
    must_be_closed(c, 0);
}

Test(client_heartbeat, first_pings_spread_over_the_second_half_of_the_interval)
{
    enum { MANY = 250 };
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;

    OPEN("--client.insecure");
    for (int i = 0; i < MANY; i++) {
        uint64_t after = come_connected(NULL)->deadline_ms - now_ms;

        cr_assert(after >= 12500 && after <= 25000, "%llu", (unsigned long long)after);
        least = after < least ? after : least;
        most = after > most ? after : most;
    }
    /* by chance: less than once in 2^100 runs */
    cr_expect_lt(least, 17750);
    cr_expect_gt(most, 19750);
}

Test(client_heartbeat, pings_once_an_interval_while_answered)
{
    OPEN("--client.insecure");
    client *c = come_connected(NULL);
    uint64_t pinged = c->deadline_ms;

    for (int i = 0; i < 3; i++) {
        let_ping(c, pinged);
        cr_expect(c->pong_due);
        now_ms = pinged + 7999;
        must_answer(c, "{}", "");
        must_be_closed(c, 0);
        pinged += 25000;
    }
    quiet_until(c, pinged);
}

Test(client_heartbeat, counts_the_interval_from_when_it_did_ping)
{
    OPEN("--client.insecure");
    client *c = come_connected(NULL);

    now_ms = c->deadline_ms + 300; /* the worker was late */
    tick(c);
    cr_expect_str_eq(heard(c), "{}");
    say(c, "{}");
    cr_expect_eq(c->deadline_ms, now_ms + 25000);
}

Test(client_heartbeat, closes_who_does_not_answer)
{
    OPEN("--client.insecure");
    client *c = come_connected(NULL);
    uint64_t pinged = c->deadline_ms;

    let_ping(c, pinged);
    must_answer(c, "{\"id\":1,\"unsubscribe\":{\"channel\":\"a\"}}",
                "{\"id\":1,\"unsubscribe\":{}}"); /* is no pong */
    quiet_until(c, pinged + 8000);
    tick(c);
    cr_expect_str_eq(heard(c), "");
    must_be_closed(c, DISCONNECT_NO_PONG);
    tick(c);
    must_be_closed(c, DISCONNECT_NO_PONG);
}

Test(client_heartbeat, wants_no_pong_where_told)
{
    OPEN("--client.insecure", "--client.pong_timeout=0s");
    client *c = come_connected(NULL);
    uint64_t pinged = c->deadline_ms;

    for (int i = 0; i < 3; i++)
        let_ping(c, pinged + (uint64_t)i * 25000);
    must_answer(c, "{}", "");
    must_be_closed(c, DISCONNECT_BAD_REQUEST); /* nobody asked */
}

Test(client_heartbeat, closes_who_answers_what_nobody_asked)
{
    OPEN("--client.insecure");
    must_close(true, "{}", DISCONNECT_BAD_REQUEST);

    client *c = come_connected(NULL);

    let_ping(c, c->deadline_ms);
    must_answer(c, "{}", "");
    must_be_closed(c, 0);
    must_answer(c, "{}", "");
    must_be_closed(c, DISCONNECT_BAD_REQUEST);
}

Test(client_heartbeat, does_not_ping_where_told)
{
    OPEN("--client.insecure", "--client.ping_interval=0s", "--client.pong_timeout=0s");
    client *c = come_connected(NULL);

    cr_expect_eq(c->deadline_ms, UINT64_MAX);
    now_ms += (uint64_t)1 << 40;
    tick(c);
    cr_expect_str_eq(heard(c), "");
    must_be_closed(c, 0);
}

/* From now on the clients' options are these. */
static void configure_pings(client_desk *d, uint64_t interval_ms, uint64_t timeout_ms)
{
    static config next; /* what it points to is the first one's */

    next = *d->cfg;
    next.client.ping_interval_ms = interval_ms;
    next.client.pong_timeout_ms = timeout_ms;
    d->cfg = &next;
}

Test(client_heartbeat, keeps_to_what_the_client_was_told)
{
    OPEN("--client.insecure");
    client *c = come_connected(NULL);
    uint64_t pinged = c->deadline_ms;

    configure_pings(c->desk, 60000, 0);
    let_ping(c, pinged);
    must_answer(c, "{}", ""); /* as it was told to */
    must_be_closed(c, 0);
    configure_pings(c->desk, 0, 0);
    let_ping(c, pinged + 25000);
    quiet_until(c, pinged + 25000 + 8000);
    tick(c);
    must_be_closed(c, DISCONNECT_NO_PONG);
}

Test(client_heartbeat, wants_no_pong_of_who_was_not_told)
{
    OPEN("--client.insecure", "--client.pong_timeout=0s");
    client *c = come_connected(NULL);
    uint64_t pinged = c->deadline_ms;

    configure_pings(c->desk, 25000, 8000);
    let_ping(c, pinged);
    let_ping(c, pinged + 25000);
}
