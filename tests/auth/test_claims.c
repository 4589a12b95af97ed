/* SPDX-License-Identifier: MIT */
/* Claims of tokens whose signature is good. */
#include <stdio.h>

#include "fixture.h"

TestSuite(auth_claims, .init = use_secret, .fini = finish);

Test(auth_claims, of_a_connection_are_read)
{
    cr_assert_eq(
        judge_connection("{\"sub\":\"a\\u006en\",\"info\":{\"n\": 1.50},\"meta\":{\"m\":2},"
                         "\"exp\":1800000000,\"jti\":\"x\",\"caps\":[]}"),
        AUTH_VALID);
    must_be(claims.user, "ann");
    must_be(claims.info, "{\"n\": 1.50}");
    must_be(claims.meta, "{\"m\":2}");
    cr_expect_eq(claims.expire_at_s, 1800000000);
    cr_expect_eq(claims.grant_count, 0);
}

Test(auth_claims, may_all_be_absent)
{
    cr_assert_eq(judge_connection(" { } "), AUTH_VALID);
    must_be(claims.user, "");
    must_be(claims.info, "");
    cr_expect_eq(claims.expire_at_s, 0);
    cr_assert_eq(judge_connection("{\"sub\":null,\"exp\":null,\"subs\":null,\"b64info\":\"\"}"),
                 AUTH_VALID);
    cr_expect_eq(claims.expire_at_s, 0);
}

Test(auth_claims, of_a_subscription_are_read)
{
    cr_assert_eq(judge_subscription("{\"sub\":\"ann\",\"channel\":\"$a\",\"client\":\"c\","
                                    "\"info\":1,\"data\":[2],\"expire_at\":1800000000,"
                                    "\"override\":{\"presence\":{\"value\":true},"
                                    "\"join_leave\":{\"value\":false},\"force_recovery\":{}}}"),
                 AUTH_VALID);
    cr_assert_eq(claims.grant_count, 1);
    must_be(claims.user, "ann");
    must_be(claims.client, "c");
    must_be(claims.grants->channel, "$a");
    must_be(claims.grants->info, "1");
    must_be(claims.grants->data, "[2]");
    cr_expect_eq(claims.grants->override.presence, OVERRIDE_ON);
    cr_expect_eq(claims.grants->override.join_leave, OVERRIDE_OFF);
    cr_expect_eq(claims.grants->override.force_recovery, OVERRIDE_OFF);
    cr_expect_eq(claims.grants->override.force_positioning, OVERRIDE_NONE);
}

Test(auth_claims, say_which_kind_of_token_it_is)
{
    cr_expect_eq(judge_connection("{\"channel\":\"a\"}"), AUTH_INVALID);
    cr_expect_eq(judge_connection("{\"channel\":\"\"}"), AUTH_VALID);
    cr_expect_eq(judge_subscription("{\"sub\":\"ann\"}"), AUTH_INVALID);
    cr_expect_eq(judge_subscription("{\"channel\":\"\"}"), AUTH_INVALID);
    cr_expect_eq(judge_subscription("{\"channel\":\"a\"}"), AUTH_VALID);
}

Test(auth_claims, may_list_server_side_channels)
{
    cr_assert_eq(judge_connection("{\"channels\":[\"a\",\"\\u0062\",\"a\"]}"), AUTH_VALID);
    cr_assert_eq(claims.grant_count, 3);
    must_be(claims.grants[0].channel, "a");
    must_be(claims.grants[1].channel, "b");
}

Test(auth_claims, may_describe_server_side_subscriptions)
{
    cr_assert_eq(judge_connection("{\"channels\":[\"x\"],\"subs\":{\"a\":{\"info\":{\"i\":1},"
                                  "\"b64data\":\"eyJkIjoyfQ==\",\"override\":{\"presence\":"
                                  "{\"value\":true}}},\"b\":{},\"c\":null}}"),
                 AUTH_VALID);
    cr_assert_eq(claims.grant_count, 3);
    must_be(claims.grants[0].channel, "a");
    must_be(claims.grants[0].info, "{\"i\":1}");
    must_be(claims.grants[0].data, "{\"d\":2}");
    cr_expect_eq(claims.grants[0].override.presence, OVERRIDE_ON);
    must_be(claims.grants[1].channel, "b");
    must_be(claims.grants[2].channel, "c");
    cr_assert_eq(judge_connection("{\"channels\":[\"x\"],\"subs\":{}}"), AUTH_VALID);
    cr_assert_eq(claims.grant_count, 1);
}

Test(auth_claims, may_have_payloads_in_base64)
{
    cr_assert_eq(judge_connection("{\"info\":1,\"b64info\":\"eyJpIjoxfQ==\"}"), AUTH_VALID);
    must_be(claims.info, "{\"i\":1}");
    cr_expect_eq(judge_connection("{\"b64info\":\"eyJpIjoxfQ\"}"), AUTH_INVALID);
    cr_expect_eq(judge_connection("{\"b64info\":\"bm8ganNvbg==\"}"), AUTH_INVALID);
    cr_expect_eq(judge_connection("{\"b64info\":1}"), AUTH_INVALID);
    cr_expect_eq(judge_subscription("{\"channel\":\"a\",\"b64data\":\"?\"}"), AUTH_INVALID);
}

Test(auth_claims, end_at_their_time)
{
    cr_expect_eq(judge_connection("{\"exp\":1700000001}"), AUTH_VALID);
    cr_expect_eq(judge_connection("{\"exp\":1700000000}"), AUTH_EXPIRED);
    cr_expect_eq(judge_connection("{\"exp\":0}"), AUTH_EXPIRED);
    cr_expect_eq(judge_connection("{\"exp\":-5}"), AUTH_EXPIRED);
    cr_expect_eq(judge_connection("{\"exp\":1.7e9}"), AUTH_EXPIRED);
    cr_expect_eq(judge_connection("{\"exp\":1700000001.9}"), AUTH_VALID);
    cr_expect_eq(claims.expire_at_s, 1700000001);
    cr_expect_eq(judge_connection("{\"nbf\":1700000000,\"iat\":1800000000}"), AUTH_VALID);
    cr_expect_eq(judge_connection("{\"nbf\":1700000001}"), AUTH_EXPIRED);
}

Test(auth_claims, have_times_that_are_numbers)
{
    static const char *const names[] = {"exp", "nbf", "iat", "expire_at"};
    static const char *const wrong[] = {"\"1800000000\"",
                                        "1e308",
                                        "-1e308",
                                        "true",
                                        "[1]",
                                        "99999999999999999999",
                                        "{}",
                                        "1.00000000000000000000000000000000000000000000"};
    char json[128];

    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
            (void)snprintf(json, sizeof json, "{\"%s\":%s}", names[i], wrong[k]);
            cr_expect_eq(judge_connection(json), AUTH_INVALID, "%s", json);
        }
    }
}

Test(auth_claims, may_let_the_connection_outlive_the_token)
{
    cr_assert_eq(judge_connection("{\"exp\":1700000005,\"expire_at\":1900000000}"), AUTH_VALID);
    cr_expect_eq(claims.expire_at_s, 1900000000);
    cr_assert_eq(judge_connection("{\"exp\":1700000005,\"expire_at\":0}"), AUTH_VALID);
    cr_expect_eq(claims.expire_at_s, 0);
    cr_assert_eq(judge_connection("{\"exp\":1700000005,\"expire_at\":-1}"), AUTH_VALID);
    cr_expect_eq(claims.expire_at_s, 0);
    cr_assert_eq(judge_connection("{\"expire_at\":5}"), AUTH_VALID);
    cr_expect_eq(claims.expire_at_s, 5);
}

Test(auth_claims, are_for_an_audience_and_from_an_issuer)
{
    use(&(auth_token_rules){.hmac_secret_key = VIEW_LIT(SECRET), .audience = VIEW_LIT("us")});
    cr_expect_eq(judge_connection("{\"aud\":\"us\"}"), AUTH_VALID);
    cr_expect_eq(judge_connection("{\"aud\":[\"them\",\"us\"]}"), AUTH_VALID);
    cr_expect_eq(judge_connection("{\"aud\":[\"them\"]}"), AUTH_INVALID);
    cr_expect_eq(judge_connection("{\"aud\":[1]}"), AUTH_INVALID);
    cr_expect_eq(judge_connection("{\"aud\":\"USA\"}"), AUTH_INVALID);
    cr_expect_eq(judge_connection("{}"), AUTH_INVALID);
    use(&(auth_token_rules){.hmac_secret_key = VIEW_LIT(SECRET), .issuer = VIEW_LIT("me")});
    cr_expect_eq(judge_connection("{\"iss\":\"me\",\"aud\":\"any\"}"), AUTH_VALID);
    cr_expect_eq(judge_connection("{\"iss\":\"you\"}"), AUTH_INVALID);
    cr_expect_eq(judge_connection("{\"iss\":[\"me\"]}"), AUTH_INVALID);
    cr_expect_eq(judge_subscription("{\"channel\":\"a\"}"), AUTH_INVALID);
}

Test(auth_claims, may_have_the_user_id_elsewhere)
{
    use(&(auth_token_rules){.hmac_secret_key = VIEW_LIT(SECRET), .user_id_claim = VIEW_LIT("uid")});
    cr_assert_eq(judge_connection("{\"sub\":\"ann\",\"uid\":\"bob\"}"), AUTH_VALID);
    must_be(claims.user, "bob");
    cr_assert_eq(judge_connection("{\"uid\":42}"), AUTH_VALID);
    must_be(claims.user, "42");
    cr_assert_eq(judge_connection("{\"sub\":\"ann\"}"), AUTH_VALID);
    must_be(claims.user, "");
    cr_expect_eq(judge_connection("{\"uid\":{}}"), AUTH_INVALID);
    use_secret();
    cr_expect_eq(judge_connection("{\"sub\":42}"), AUTH_INVALID);
}

Test(auth_claims, of_the_wrong_shape_are_refused)
{
    static const char *const wrong[] = {
        "",
        "1",
        "[]",
        "null",
        "\"{}\"",
        "{",
        "{\"sub\":[]}",
        "{\"channel\":5}",
        "{\"channels\":\"a\"}",
        "{\"channels\":{}}",
        "{\"channels\":[1]}",
        "{\"channels\":[null]}",
        "{\"subs\":[]}",
        "{\"subs\":{\"a\":1}}",
        "{\"subs\":{\"a\":{\"b64info\":\"*\"}}}",
        "{\"subs\":{\"a\":{\"override\":[]}}}",
        "{\"subs\":{\"a\":{\"override\":{\"presence\":true}}}}",
        "{\"subs\":{\"a\":{\"override\":{\"presence\":{\"value\":1}}}}}",
        "{\"sub\":\"\xff\"}",
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_eq(judge_connection(wrong[i]), AUTH_INVALID, "%s", wrong[i]);
    cr_expect_eq(judge_subscription("{\"channel\":\"a\",\"client\":1}"), AUTH_INVALID);
}

Test(auth_claims, given_twice_count_as_given_last)
{
    cr_assert_eq(judge_connection("{\"sub\":\"ann\",\"exp\":5,\"sub\":\"bob\",\"exp\":1800000000}"),
                 AUTH_VALID);
    must_be(claims.user, "bob");
    cr_assert_eq(judge_connection("{\"exp\":1800000000,\"exp\":5}"), AUTH_EXPIRED);
}
