/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

TestSuite(config_channel, .fini = fixture_fini);

static const channel_options *options_of(const char *channel)
{
    return config_channel_options(loaded, view_of(channel));
}

Test(config_channel, has_the_options_of_its_namespace)
{
    LOAD("--channel.namespaces=[{\"name\":\"chat\",\"presence\":true},"
         "{\"name\":\"a.b-C_9\",\"allow_publish_for_client\":true}]",
         "--channel.without_namespace.allow_subscribe_for_client");

    must_be_ok();
    cr_assert_eq(loaded->channel.namespaces.count, 2);
    cr_assert_not_null(options_of("chat:room"));
    cr_expect(options_of("chat:room")->presence);
    cr_expect_not(options_of("chat:room")->allow_subscribe_for_client);
    cr_expect_eq(options_of("chat:a:b"), options_of("chat:"));
    cr_expect_eq(options_of("$chat:room"), options_of("chat:room"));
    cr_assert_not_null(options_of("a.b-C_9:x"));
    cr_expect(options_of("a.b-C_9:x")->allow_publish_for_client);
}

Test(config_channel, without_a_colon_has_none)
{
    LOAD("--channel.namespaces=[{\"name\":\"chat\"}]",
         "--channel.without_namespace.allow_subscribe_for_client");

    must_be_ok();
    cr_expect_eq(options_of("chat"), &loaded->channel.without_namespace);
    cr_expect_eq(options_of(""), &loaded->channel.without_namespace);
    cr_expect_eq(options_of("$chat"), &loaded->channel.without_namespace);
    cr_expect(options_of("chat")->allow_subscribe_for_client);
}

Test(config_channel, of_an_unknown_namespace_has_no_options)
{
    LOAD("--channel.namespaces=[{\"name\":\"chat\"}]");
    must_be_ok();
    cr_expect_null(options_of("cha:x"));
    cr_expect_null(options_of("chatt:x"));
    cr_expect_null(options_of("Chat:x"));
    cr_expect_null(options_of(":chat"));
    cr_expect_null(options_of("$$chat:x"));
    cr_expect_null(config_channel_options(loaded, VIEW_LIT("chat\0:x")));

    LOAD();
    must_be_ok();
    cr_expect_null(options_of("chat:x"));
}

Test(config_channel, is_found_among_many_namespaces)
{
    enum { COUNT = 1000 };
    buf json = {0};
    char channel[32];

    buf_append_lit(&json, "--channel.namespaces=[");
    for (unsigned i = 0; i < COUNT; i++)
        buf_printf(&json, "%s{\"name\":\"n%u\",\"presence\":%s}", i == 0 ? "" : ",",
                   i * 7919 % COUNT, i * 7919 % COUNT % 2 == 0 ? "true" : "false");
    buf_append(&json, "]", 2);
    cr_assert_not(json.failed);
    LOAD(json.data);
    buf_fini(&json);

    must_be_ok();
    for (unsigned i = 0; i < COUNT; i++) {
        (void)snprintf(channel, sizeof channel, "n%u:x", i);
        cr_assert_not_null(options_of(channel), "%s", channel);
        cr_expect_eq(options_of(channel)->presence, i % 2 == 0, "%s", channel);
    }
    cr_expect_null(options_of("n1000:x"));
}

Test(config_channel, namespaces_are_read_from_variable_and_file_alike)
{
    ENVIRONMENT("CENTRIFUGO_CHANNEL_NAMESPACES=[{\"name\":\"chat\",\"presence\":true}]");
    LOAD();
    must_be_ok();
    cr_assert_not_null(options_of("chat:x"));
    cr_expect(options_of("chat:x")->presence);

    fixture_file(
        "channel:\n  namespaces:\n    - name: chat\n      allow_presence_for_client: true\n"
        "    - name: news\n");
    ENVIRONMENT("NONE=1");
    LOAD();
    must_be_ok();
    cr_assert_not_null(options_of("chat:x"));
    cr_expect(options_of("chat:x")->allow_presence_for_client);
    cr_expect_not_null(options_of("news:x"));

    ENVIRONMENT("GRACECAST_CHANNEL_NAMESPACES=[]");
    LOAD();
    must_be_ok();
    cr_expect_null(options_of("chat:x"));
}

Test(config_channel, namespaces_that_are_wrong_are_all_reported)
{
    fixture_file("channel:\n"
                 "  namespaces:\n"
                 "    - name: ab\n"
                 "      presense: true\n"
                 "      presence: maybe\n"
                 "    - presence: true\n"
                 "    - 5\n"
                 "    - name: x\n"
                 "    - name: 'a b'\n"
                 "      history_size: 0\n"
                 "      allow_tags_filter: true\n"
                 "      delta_publish: false\n"
                 "    - name: ab\n"
                 "    - name: [a]\n");
    LOAD();

    must_have_errors(
        "FILE:4: channel.namespaces[0].presense: unknown option; the nearest is presence\n"
        "FILE:5: channel.namespaces[0].presence: \"maybe\" is neither true nor false\n"
        "FILE:6: channel.namespaces[1]: has no name\n"
        "FILE:7: channel.namespaces[2]: must be {name: ..., options}\n"
        "FILE:8: channel.namespaces[3]: the name \"x\" is not two or more of a-z A-Z 0-9 - _ .\n"
        "FILE:11: channel.namespaces[4].allow_tags_filter: known to Centrifugo, not supported "
        "here\n"
        "FILE:9: channel.namespaces[4]: the name \"a b\" is not two or more of a-z A-Z 0-9 - _ .\n"
        "FILE:14: channel.namespaces[6].name: must be a single value\n"
        "FILE:14: channel.namespaces[6]: has no name\n"
        "FILE:2: channel.namespaces: two namespaces are called \"ab\"\n");
    must_have_warnings("FILE:12: channel.namespaces[4].delta_publish: ignored: an option of "
                       "Centrifugo without effect here\n");
}

Test(config_channel, namespaces_must_be_a_list)
{
    LOAD("--channel.namespaces={\"name\":\"ab\"}");
    must_fail_with("--channel.namespaces: must be a list of {name: ..., options}");
    LOAD("--channel.namespaces=ab");
    must_fail_with("--channel.namespaces: must be a list of {name: ..., options}");
    LOAD("--channel.namespaces=[{]");
    cr_expect_eq(report.error_count, 1);
    LOAD("--channel.namespaces=");
    must_be_ok();
}

Test(config_channel, the_demo_lets_everybody_watch_its_channels_only)
{
    LOAD("--demo", "--channel.namespaces=[{\"name\":\"chat\"},{\"name\":\"zoo\"}]");
    must_be_ok();
    cr_expect(loaded->client.allow_anonymous_connect_without_token);
    cr_assert_not_null(options_of("demo:cpu"));
    cr_expect(options_of("demo:cpu")->allow_subscribe_for_anonymous);
    cr_expect_not(options_of("demo:cpu")->allow_publish_for_client);
    cr_assert_not_null(options_of("chat:x"));
    cr_assert_not_null(options_of("zoo:x"));
    cr_expect_not(options_of("chat:x")->allow_subscribe_for_client);
}

Test(config_channel, the_demo_leaves_a_namespace_of_its_name_alone)
{
    LOAD("--demo", "--channel.namespaces=[{\"name\":\"demo\"}]");
    must_be_ok();
    cr_expect_eq(loaded->channel.namespaces.count, 1);
    cr_expect_not(options_of("demo:cpu")->allow_subscribe_for_client);
}

Test(config_channel, conflates)
{
    LOAD("--channel.namespaces=[{\"name\":\"live\",\"conflate\":\"latest\",\"conflate_key\":"
         "\"symbol\"},"
         "{\"name\":\"calm\",\"max_rate\":5},"
         "{\"name\":\"last\",\"conflate\":\"latest\",\"history_size\":1,\"history_ttl\":\"1m\","
         "\"force_recovery\":true,\"force_recovery_mode\":\"cache\"}]",
         "--channel.without_namespace.conflate=latest",
         "--channel.without_namespace.conflate_key=k");

    must_be_ok();
    cr_expect_eq(options_of("live:a")->conflate, CONFLATE_LATEST);
    cr_expect(view_eq(options_of("live:a")->conflate_key, VIEW_LIT("symbol")));
    cr_expect_eq(options_of("live:a")->max_rate, 0);
    cr_expect_eq(options_of("calm:a")->conflate, CONFLATE_OFF);
    cr_expect_eq(options_of("calm:a")->max_rate, 5);
    cr_expect(config_conflates(options_of("calm:a")));
    cr_expect(config_conflates(options_of("last:a")));
    cr_expect(view_eq(options_of("a")->conflate_key, VIEW_LIT("k")));
}

Test(config_channel, does_not_conflate_what_is_to_be_recovered)
{
    LOAD("--channel.namespaces=["
         "{\"name\":\"aa\",\"conflate\":\"latest\",\"allow_recovery\":true},"
         "{\"name\":\"bb\",\"max_rate\":1,\"history_size\":1,\"history_ttl\":\"1m\","
         "\"force_recovery\":true},"
         "{\"name\":\"cc\",\"conflate_key\":\"k\"},"
         "{\"conflate_key\":\"of no name\"}]",
         "--channel.without_namespace.max_rate=1001");

    must_have_errors(
        "--channel.namespaces: channel.namespaces[3]: has no name\n"
        "--channel.without_namespace.max_rate: \"1001\" is not a whole number from 0 to 1000\n"
        "channel.namespaces: aa: conflate leaves publications out and recovery needs all of them: "
        "use "
        "force_recovery_mode \"cache\" or no recovery\n"
        "channel.namespaces: bb: max_rate leaves publications out and recovery needs all of them: "
        "use "
        "force_recovery_mode \"cache\" or no recovery\n"
        "channel.namespaces: cc: conflate_key does nothing without conflate or max_rate\n");
}

Test(config_channel, history_needs_its_size_and_its_ttl)
{
    fixture_file("channel:\n"
                 "  without_namespace: {history_size: 5}\n"
                 "  namespaces:\n"
                 "    - {name: ttl, history_ttl: 5s}\n"
                 "    - {name: both, history_size: 5, history_ttl: 5s, force_recovery: true}\n"
                 "    - {name: position, force_positioning: true}\n"
                 "    - {name: recovery, force_recovery: true}\n");
    LOAD();

    must_have_errors(
        "channel.without_namespace: history needs both history_size and history_ttl\n"
        "channel.namespaces: position: force_positioning and force_recovery need history_size and "
        "history_ttl\n"
        "channel.namespaces: recovery: force_positioning and force_recovery need history_size and "
        "history_ttl\n"
        "channel.namespaces: ttl: history needs both history_size and history_ttl\n");
}

Test(config_channel, a_namespace_may_have_its_own_life_of_positions)
{
    const channel_options *own;
    const channel_options *common;

    fixture_file("channel:\n"
                 "  history_meta_ttl: 1h\n"
                 "  namespaces:\n"
                 "    - {name: own, history_meta_ttl: 1m}\n"
                 "    - {name: common}\n");
    LOAD();

    must_be_ok();
    own = config_channel_options(loaded, VIEW_LIT("own:a"));
    common = config_channel_options(loaded, VIEW_LIT("common:a"));
    cr_expect_eq(config_history_meta_ttl_ms(loaded, own), 60000);
    cr_expect_eq(config_history_meta_ttl_ms(loaded, common), 3600000);
}
