/* SPDX-License-Identifier: MIT */
/* What ends by itself, and what puts that off. */
#include <stdio.h>
#include <stdlib.h>

#include "orders.h"
#include "tokens.h"

TestSuite(client_expiry, .fini = desk_close);

#define NO_PINGS "--client.ping_interval=0", "--client.pong_timeout=0"

/* The wall clock may move on between what makes a token and what reads it: a second more or less. */
enum { SLACK_MS = 2000 };

static bool near(uint64_t ms, uint64_t expected_ms)
{
    return ms + SLACK_MS >= expected_ms && ms <= expected_ms + SLACK_MS;
}

/* A client that has connected with a token that ends in so many seconds. */
static client *come_for(int seconds)
{
    char claims[128];

    (void)snprintf(claims, sizeof claims, "{\"sub\":\"ann\",\"exp\":%ld}",
                   (long)wall_s() + seconds);
    return come_with(claims);
}

static const char *refresh_for(const char *user, int seconds)
{
    return with_token("{\"id\":1,\"refresh\":{\"token\":\"%s\"}}", SECRET,
                      "{\"sub\":\"%s\",\"exp\":%ld}", user, (long)wall_s() + seconds);
}

static const char *sub_token(const char *format, int seconds)
{
    return with_token(format, SECRET, "{\"sub\":\"ann\",\"channel\":\"a\",\"exp\":%ld}",
                      (long)wall_s() + seconds);
}

/* Fails the test unless the answer says that it lasts for about so many seconds. */
static void must_last(const char *answer, int seconds)
{
    const char *ttl = strstr(answer, "\"ttl\":");

    cr_assert_not_null(ttl, "%s", answer);
    cr_expect_not_null(strstr(answer, "\"expires\":true"));
    cr_expect(near(strtoul(ttl + 6, NULL, 10) * 1000, (uint64_t)seconds * 1000), "%s", answer);
}

Test(client_expiry, of_a_connection_closes_it_after_the_delay)
{
    OPEN(WITH_KEY, NO_PINGS, "--client.expired_close_delay=10s");
    client *c = come_for(50);

    must_last(heard(c), 50);
    cr_assert(near(c->deadline_ms, OPENED_MS + 60000));
    now_ms = c->deadline_ms - 1;
    tick(c);
    must_be_closed(c, 0);
    now_ms++;
    tick(c);
    must_be_closed(c, DISCONNECT_EXPIRED);
}

Test(client_expiry, goes_beside_the_pings)
{
    OPEN(WITH_KEY, "--client.ping_interval=10s", "--client.pong_timeout=3s",
         "--client.expired_close_delay=0");
    client *c = come_for(60);
    int pings = 0;

    (void)heard(c);
    for (int i = 0; i < 100 && !c->conn.closing; i++) {
        now_ms = c->deadline_ms;
        tick(c);
        if (c->pong_due) {
            pings++;
            say(c, "{}");
        }
    }
    must_be_closed(c, DISCONNECT_EXPIRED);
    cr_expect(near(now_ms, OPENED_MS + 60000));
    cr_expect_geq(pings, 5);
}

Test(client_expiry, of_a_connection_is_put_off_by_a_refresh)
{
    OPEN(WITH_KEY, NO_PINGS, "--client.expired_close_delay=0");
    client *c = come_for(50);

    (void)heard(c);
    now_ms += 40000;
    say(c, refresh_for("ann", 90));
    must_last(heard(c), 90);
    cr_expect(near(c->deadline_ms, OPENED_MS + 130000));
    say(c, with_token("{\"id\":1,\"refresh\":{\"token\":\"%s\"}}", SECRET,
                      "{\"sub\":\"ann\",\"info\":{\"new\":1}}"));
    cr_expect_str_eq(heard(c), "{\"id\":1,\"refresh\":{}}");
    cr_expect_eq(c->deadline_ms, UINT64_MAX);
    cr_expect(view_eq(hub_conn_info(&c->conn), VIEW_LIT("{\"new\":1}")));
}

Test(client_expiry, that_comes_nearer_is_told_to_the_transport)
{
    OPEN(WITH_KEY, NO_PINGS);
    client *c = come_with("{\"sub\":\"ann\"}");
    unsigned before = fake_conn_of(&c->conn)->hastened;

    say(c, refresh_for("ann", 60));
    cr_expect_eq(fake_conn_of(&c->conn)->hastened, before + 1);
    say(c, refresh_for("ann", 90));
    cr_expect_eq(fake_conn_of(&c->conn)->hastened, before + 1);
}

/* Fails the test unless ann, who has `claims`, is closed when she refreshes so. */
static void must_close_at(const char *claims, const char *message, uint32_t code)
{
    client *c = come_with(claims);

    (void)heard(c);
    say(c, message);
    must_be_closed(c, code);
    cr_expect_str_eq(heard(c), "");
}

Test(client_expiry, is_not_put_off_by_any_token)
{
    static const char refresh[] = "{\"id\":1,\"refresh\":{\"token\":\"%s\"}}";
    static const char claims[] = "{\"sub\":\"ann\",\"channels\":[\"a\"]}";

    OPEN(WITH_KEY);
    must_close_at(claims, "{\"id\":1,\"refresh\":{}}", DISCONNECT_BAD_REQUEST);
    must_close_at(claims, "{\"id\":1,\"refresh\":{\"token\":\"x\"}}", DISCONNECT_INVALID_TOKEN);
    must_close_at(claims, refresh_for("bob", 60), DISCONNECT_INVALID_TOKEN);
    must_close_at(claims, refresh_for("ann", -5), DISCONNECT_EXPIRED);
    must_close_at(claims, with_token(refresh, SECRET, "{\"sub\":\"ann\",\"expire_at\":5}"),
                  DISCONNECT_EXPIRED);
    must_close_at(claims, with_token(refresh, SECRET, "{\"sub\":\"ann\"}"),
                  DISCONNECT_INSUFFICIENT_STATE);
    must_close_at(claims,
                  with_token(refresh, SECRET, "{\"sub\":\"ann\",\"channels\":[\"a\",\"b\"]}"),
                  DISCONNECT_INSUFFICIENT_STATE);

    client *c = come_with(claims);

    (void)heard(c);
    must_answer(c, with_token(refresh, SECRET, "%s", claims), "{\"id\":1,\"refresh\":{}}");
}

/* ---- subscriptions ---- */

static const char subscribe[] = "{\"id\":1,\"subscribe\":{\"channel\":\"a\",\"token\":\"%s\"}}";
static const char sub_refresh[] = "{\"id\":1,\"sub_refresh\":{\"channel\":\"a\",\"token\":\"%s\"}}";

Test(client_expiry, of_a_subscription_ends_it_after_the_delay)
{
    OPEN(WITH_KEY, NO_PINGS, "--client.expired_sub_close_delay=10s");
    client *c = come_with("{\"sub\":\"ann\"}");

    say(c, sub_token(subscribe, 50));
    must_last(heard(c), 50);
    cr_assert(near(c->deadline_ms, OPENED_MS + 60000));
    now_ms = c->deadline_ms - 1;
    tick(c);
    cr_expect(hub_is_subscribed(&c->conn, VIEW_LIT("a")));
    now_ms++;
    tick(c);
    cr_expect_str_eq(heard(c), "{\"push\":{\"channel\":\"a\",\"unsubscribe\":{\"code\":2501,"
                               "\"reason\":\"subscription expired\"}}}");
    cr_expect_not(hub_is_subscribed(&c->conn, VIEW_LIT("a")));
    must_be_closed(c, 0);
    cr_expect_eq(c->deadline_ms, UINT64_MAX);
}

Test(client_expiry, of_one_subscription_spares_the_others)
{
    OPEN(WITH_KEY, NO_PINGS, "--client.expired_sub_close_delay=0",
         "--channel.without_namespace.allow_subscribe_for_client");
    client *c = come_with("{\"sub\":\"ann\"}");

    say(c, "{\"id\":1,\"subscribe\":{\"channel\":\"for ever\"}}");
    say(c, sub_token(subscribe, 50));
    say(c, with_token("{\"id\":1,\"subscribe\":{\"channel\":\"b\",\"token\":\"%s\"}}", SECRET,
                      "{\"sub\":\"ann\",\"channel\":\"b\",\"exp\":%ld}", (long)wall_s() + 90));
    now_ms = OPENED_MS + 55000;
    tick(c);
    cr_expect_not(hub_is_subscribed(&c->conn, VIEW_LIT("a")));
    cr_expect(hub_is_subscribed(&c->conn, VIEW_LIT("b")));
    cr_expect(near(c->deadline_ms, OPENED_MS + 90000));
    now_ms = OPENED_MS + 95000;
    tick(c);
    cr_expect_not(hub_is_subscribed(&c->conn, VIEW_LIT("b")));
    cr_expect(hub_is_subscribed(&c->conn, VIEW_LIT("for ever")));
    cr_expect_eq(c->deadline_ms, UINT64_MAX);
}

Test(client_expiry, of_a_subscription_is_put_off_by_a_refresh)
{
    OPEN(WITH_KEY, NO_PINGS, "--client.expired_sub_close_delay=0");
    client *c = come_with("{\"sub\":\"ann\"}");

    say(c, sub_token(subscribe, 50));
    (void)heard(c);
    now_ms += 40000;
    say(c, sub_token(sub_refresh, 90));
    must_last(heard(c), 90);
    now_ms = OPENED_MS + 60000;
    tick(c);
    cr_expect(hub_is_subscribed(&c->conn, VIEW_LIT("a")));
    cr_expect(near(c->deadline_ms, OPENED_MS + 130000));
    now_ms = OPENED_MS + 135000;
    tick(c);
    cr_expect_not(hub_is_subscribed(&c->conn, VIEW_LIT("a")));
}

Test(client_expiry, of_a_subscription_is_not_put_off_by_any_token)
{
    OPEN(WITH_KEY, "--client.allow_anonymous_connect_without_token");
    client *c = come_with("{\"sub\":\"ann\"}");

    (void)heard(c);
    must_refuse(c, sub_token(sub_refresh, 90), PROTOCOL_PERMISSION_DENIED);
    say(c, sub_token(subscribe, 50));
    (void)heard(c);
    must_refuse(c, "{\"id\":1,\"sub_refresh\":{\"channel\":\"a\"}}", PROTOCOL_BAD_REQUEST);
    must_refuse(c, sub_token(sub_refresh, -5), PROTOCOL_TOKEN_EXPIRED);
    must_refuse(
        c, with_token(sub_refresh, SECRET, "{\"sub\":\"ann\",\"channel\":\"a\",\"expire_at\":5}"),
        PROTOCOL_EXPIRED);
    say(c, with_token(sub_refresh, SECRET, "{\"sub\":\"bob\",\"channel\":\"a\"}"));
    must_be_closed(c, DISCONNECT_INVALID_TOKEN);
    must_close(true, "{\"id\":1,\"sub_refresh\":{\"token\":\"x\"}}", DISCONNECT_BAD_REQUEST);
}

/* ---- by order ---- */

static const hub_select ann = {.user = {"ann", 3}};

static void order(client *c, const client_refresh_order *o)
{
    (void)heard(c);
    cr_expect_eq(clients_refresh(c->desk->hub, &ann, o), 1);
    say(come(NULL), "\n"); /* the hub takes its turn */
}

Test(client_expiry, of_a_connection_may_be_ordered)
{
    OPEN(WITH_KEY, NO_PINGS, "--client.expired_close_delay=0");
    client *c = come_with("{\"sub\":\"ann\"}");

    order(c, &(client_refresh_order){.expire_at_s = wall_s() + 70, .info = VIEW_LIT("[7]")});
    const char *answer = heard(c);

    cr_expect(strstr(answer, "{\"push\":{\"refresh\":{") == answer, "%s", answer);
    must_last(answer, 70);
    cr_expect(near(c->deadline_ms, OPENED_MS + 70000));
    cr_expect(view_eq(hub_conn_info(&c->conn), VIEW_LIT("[7]")));
    order(c, &(client_refresh_order){0});
    cr_expect_str_eq(heard(c), "{\"push\":{\"refresh\":{}}}");
    cr_expect_eq(c->deadline_ms, UINT64_MAX);
    order(c, &(client_refresh_order){.expired = true});
    must_be_closed(c, DISCONNECT_EXPIRED);
}

Test(client_expiry, of_a_server_side_subscription_closes)
{
    client_sub_order o = {.channel = VIEW_LIT("a"), .expire_at_s = wall_s() + 50};

    OPEN(WITH_KEY, NO_PINGS, "--client.expired_sub_close_delay=0");
    client *c = come_with("{\"sub\":\"ann\"}");

    cr_expect_eq(clients_subscribe(c->desk->hub, &ann, &o), 1);
    say(come(NULL), "\n"); /* the hub takes its turn */
    cr_expect(hub_is_subscribed(&c->conn, VIEW_LIT("a")));
    now_ms = OPENED_MS + 60000;
    tick(c);
    must_be_closed(c, DISCONNECT_SUBSCRIPTION_EXPIRED);
}
