/* SPDX-License-Identifier: MIT */
/* Who comes in with a token, and which channels it opens. */
#include <stdio.h>

#include "tokens.h"

TestSuite(client_tokens, .fini = desk_close);

#define SUBSCRIBE_TO(channel) \
    "{\"id\":1,\"subscribe\":{\"channel\":\"" channel "\",\"token\":\"%s\"}}"

Test(client_tokens, say_who_comes)
{
    OPEN(WITH_KEY);
    client *c = come_with("{\"sub\":\"ann\",\"info\":{\"n\": 1.0},\"meta\":{\"x\":1}}");

    cr_expect_str_eq(told(c), "{\"id\":1,\"connect\":{\"client\":\"ID\",\"version\":\"VERSION\","
                              "\"ping\":25,\"pong\":true}}");
    cr_expect(view_eq(hub_conn_user(&c->conn), VIEW_LIT("ann")));
    cr_expect(view_eq(hub_conn_info(&c->conn), VIEW_LIT("{\"n\": 1.0}")));
}

Test(client_tokens, count_more_than_the_handshake)
{
    OPEN(WITH_KEY);
    client *c = come("bob");

    say(c, CONNECT("{\"sub\":\"ann\"}"));
    cr_expect(view_eq(hub_conn_user(&c->conn), VIEW_LIT("ann")));
}

Test(client_tokens, that_are_not_valid_close)
{
    OPEN(WITH_KEY);
    must_close(false, "{\"id\":1,\"connect\":{\"token\":\"x\"}}", DISCONNECT_INVALID_TOKEN);
    must_close(false, with_token("{\"id\":1,\"connect\":{\"token\":\"%s\"}}", "other", "{}"),
               DISCONNECT_INVALID_TOKEN);
    must_close(false, CONNECT("{\"channel\":\"a\"}"), DISCONNECT_INVALID_TOKEN);
}

Test(client_tokens, may_be_anonymous)
{
    OPEN(WITH_KEY);
    client *c = come_with("{}");

    cr_expect_eq(hub_conn_user(&c->conn).len, 0);
}

Test(client_tokens, may_be_anonymous_unless_forbidden)
{
    OPEN(WITH_KEY, "--client.disallow_anonymous_connection_tokens");
    must_close(false, CONNECT("{}"), DISCONNECT_PERMISSION_DENIED);
    (void)come_with("{\"sub\":\"ann\"}");
}

/* Fails the test unless a first message with a subscribe behind the connect is answered with this error
 * only, and whatever follows closes. */
static void must_refuse_connect(const char *connect, uint32_t error)
{
    client *c = come(NULL);
    char message[4096];

    (void)snprintf(message, sizeof message, "%s\n{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}",
                   connect);
    must_refuse(c, message, error);
    cr_expect_eq(hub_conn_user(&c->conn).len, 0);
    say(c, "{\"id\":3,\"connect\":{}}");
    must_be_closed(c, DISCONNECT_BAD_REQUEST);
    cr_expect_str_eq(heard(c), "");
}

Test(client_tokens, that_have_expired_are_answered_so)
{
    OPEN(WITH_KEY, "--client.allow_anonymous_connect_without_token");
    must_refuse_connect(CONNECT("{\"sub\":\"ann\",\"exp\":5}"), PROTOCOL_TOKEN_EXPIRED);
    must_refuse_connect(CONNECT("{\"sub\":\"ann\",\"nbf\":%ld}", (long)wall_s() + 100),
                        PROTOCOL_TOKEN_EXPIRED);
    must_refuse_connect(CONNECT("{\"sub\":\"ann\",\"expire_at\":5}"), PROTOCOL_EXPIRED);
}

Test(client_tokens, that_were_refused_leave_time_to_go)
{
    OPEN(WITH_KEY);
    client *c = come(NULL);

    say(c, CONNECT("{\"exp\":5}"));
    must_be_closed(c, 0);
    now_ms = c->deadline_ms;
    tick(c);
    must_be_closed(c, DISCONNECT_STALE);
}

Test(client_tokens, do_not_expire_where_everything_is_insecure)
{
    OPEN(WITH_KEY, "--client.insecure");
    client *c = come_with("{\"sub\":\"ann\",\"expire_at\":5}");

    cr_expect_null(strstr(told(c), "expires"));
}

/* ---- for subscriptions ---- */

Test(client_tokens, open_private_channels)
{
    OPEN(WITH_KEY);
    client *c = come_with("{\"sub\":\"ann\"}");

    (void)heard(c);
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"$a\"}}", PROTOCOL_PERMISSION_DENIED);
    must_answer(c,
                with_token(SUBSCRIBE_TO("$a"), SECRET,
                           "{\"sub\":\"ann\",\"channel\":\"$a\",\"info\":[1],\"data\":{\"d\":1}}"),
                "{\"id\":1,\"subscribe\":{\"data\":{\"d\":1}}}");
    cr_expect(view_eq(hub_sub_info(hub_sub_find(&c->conn, VIEW_LIT("$a"))), VIEW_LIT("[1]")));
}

Test(client_tokens, open_channels_that_are_not_open_to_clients)
{
    OPEN(WITH_KEY);
    client *c = come_with("{\"sub\":\"ann\"}");

    (void)heard(c);
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"a\"}}", PROTOCOL_PERMISSION_DENIED);
    must_answer(c, with_token(SUBSCRIBE_TO("a"), SECRET, "{\"sub\":\"ann\",\"channel\":\"a\"}"),
                "{\"id\":1,\"subscribe\":{}}");
    must_refuse(c, with_token(SUBSCRIBE_TO("x:a"), SECRET, "{\"sub\":\"ann\",\"channel\":\"x:a\"}"),
                PROTOCOL_UNKNOWN_CHANNEL);
}

Test(client_tokens, for_subscriptions_that_are_not_valid_are_refused)
{
    OPEN(WITH_KEY, "--client.insecure");
    client *c = come_with("{\"sub\":\"ann\"}");

    (void)heard(c);
    must_refuse(c, "{\"id\":1,\"subscribe\":{\"channel\":\"a\",\"token\":\"x\"}}",
                PROTOCOL_PERMISSION_DENIED);
    must_refuse(c, with_token(SUBSCRIBE_TO("a"), SECRET, "{\"sub\":\"ann\"}"),
                PROTOCOL_PERMISSION_DENIED);
    must_refuse(
        c, with_token(SUBSCRIBE_TO("a"), SECRET, "{\"sub\":\"ann\",\"channel\":\"a\",\"exp\":5}"),
        PROTOCOL_TOKEN_EXPIRED);
    must_refuse(c,
                with_token(SUBSCRIBE_TO("a"), SECRET,
                           "{\"sub\":\"ann\",\"channel\":\"a\",\"expire_at\":5}"),
                PROTOCOL_EXPIRED);
    cr_expect_not(hub_is_subscribed(&c->conn, VIEW_LIT("a")));
}

/* Fails the test unless ann is closed when she says so. */
static void must_close_ann(const char *claims)
{
    client *c = come_with("{\"sub\":\"ann\"}");

    (void)heard(c);
    say(c, with_token(SUBSCRIBE_TO("a"), SECRET, "%s", claims));
    must_be_closed(c, DISCONNECT_INVALID_TOKEN);
}

Test(client_tokens, of_others_close)
{
    OPEN(WITH_KEY);
    must_close_ann("{\"sub\":\"bob\",\"channel\":\"a\"}");
    must_close_ann("{\"channel\":\"a\"}");
    must_close_ann("{\"sub\":\"ann\",\"channel\":\"b\"}");
    must_close_ann("{\"sub\":\"ann\",\"channel\":\"a\",\"client\":\"x\"}");
}

Test(client_tokens, may_be_for_one_client)
{
    OPEN(WITH_KEY);
    client *c = come_with("{\"sub\":\"ann\"}");
    hub_client_id id = hub_conn_client_id(&c->conn);

    (void)heard(c);
    must_answer(c,
                with_token(SUBSCRIBE_TO("a"), SECRET,
                           "{\"sub\":\"ann\",\"channel\":\"a\",\"client\":\"%s\"}", id.text),
                "{\"id\":1,\"subscribe\":{}}");
}

Test(client_tokens, for_subscriptions_may_have_a_key_of_their_own)
{
    OPEN(WITH_KEY, "--client.subscription_token.enabled",
         "--client.subscription_token.hmac_secret_key=another");
    client *c = come_with("{\"sub\":\"ann\"}");

    (void)heard(c);
    must_refuse(c, with_token(SUBSCRIBE_TO("a"), SECRET, "{\"sub\":\"ann\",\"channel\":\"a\"}"),
                PROTOCOL_PERMISSION_DENIED);
    must_answer(c, with_token(SUBSCRIBE_TO("a"), "another", "{\"sub\":\"ann\",\"channel\":\"a\"}"),
                "{\"id\":1,\"subscribe\":{}}");
}

Test(client_tokens, override_what_the_namespace_says)
{
    OPEN(WITH_KEY, "--channel.without_namespace.join_leave");
    client *c = come_with("{\"sub\":\"ann\"}");

    say(c, with_token(SUBSCRIBE_TO("a"), SECRET,
                      "{\"sub\":\"ann\",\"channel\":\"a\",\"override\":{"
                      "\"force_push_join_leave\":{\"value\":true}}}"));
    say(c, with_token(SUBSCRIBE_TO("b"), SECRET,
                      "{\"sub\":\"ann\",\"channel\":\"b\",\"override\":{"
                      "\"join_leave\":{\"value\":false}}}"));
    say(c, with_token(SUBSCRIBE_TO("c"), SECRET, "{\"sub\":\"ann\",\"channel\":\"c\"}"));
    cr_expect_eq(hub_sub_flags(hub_sub_find(&c->conn, VIEW_LIT("a"))),
                 HUB_SUB_TELLS | HUB_SUB_IS_TOLD);
    cr_expect_eq(hub_sub_flags(hub_sub_find(&c->conn, VIEW_LIT("b"))), 0);
    cr_expect_eq(hub_sub_flags(hub_sub_find(&c->conn, VIEW_LIT("c"))), HUB_SUB_TELLS);
}

Test(client_tokens, need_keys_that_are_good)
{
    config cfg = {.client.token.rsa_public_key = VIEW_LIT("x")};
    client_tokens t;
    buf error = {0};

    OPEN();
    cr_expect_not(client_tokens_init(&t, &cfg, &error));
    cr_expect(
        view_eq(buf_view(&error), VIEW_LIT("client.token.rsa_public_key: neither a public key "
                                           "nor a certificate in PEM")));
    buf_reset(&error);
    cfg = (config){.client.subscription_token = {.keys.ecdsa_public_key = VIEW_LIT("x")}};
    cr_expect(client_tokens_init(&t, &cfg, &error), "nobody asked for these keys");
    client_tokens_fini(&t);
    cfg.client.subscription_token.enabled = true;
    cr_expect_not(client_tokens_init(&t, &cfg, &error));
    cr_expect(view_starts_with(buf_view(&error),
                               VIEW_LIT("client.subscription_token.ecdsa_public_key: ")));
    buf_fini(&error);
}
