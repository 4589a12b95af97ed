/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

TestSuite(config_file, .fini = fixture_fini);

static void load(const char *text)
{
    fixture_file(text);
    LOAD();
}

static void expect_example(void)
{
    must_be_ok();
    cr_expect_eq(loaded->http_server.port, 8001);
    cr_expect(loaded->client.insecure);
    cr_expect_eq(loaded->client.ping_interval_ms, 90000);
    cr_assert_eq(loaded->client.allowed_origins.count, 2);
    cr_expect_str_eq(loaded->client.allowed_origins.items[1], "https://b.example");
    cr_expect_str_eq(loaded->http_api.key.ptr, "se\"cret");
    cr_expect(loaded->channel.without_namespace.presence);
}

Test(config_file, may_be_yaml)
{
    load("# an example\n"
         "http_server:\n"
         "  port: 8001\n"
         "client:\n"
         "  insecure: true\n"
         "  ping_interval: 1m30s\n"
         "  allowed_origins:\n"
         "    - https://a.example\n"
         "    - 'https://b.example'\n"
         "http_api: {key: se\"cret}\n"
         "channel:\n"
         "  without_namespace:\n"
         "    presence: true\n"
         "health:\n"
         "log: ~\n");

    expect_example();
}

Test(config_file, may_be_json)
{
    load("{\n\t\"http_server\": {\"port\": 8001},\n"
         "\t\"client\":{\"insecure\":true,\"ping_interval\":\"1m30s\",\n"
         "\t\t\"allowed_origins\":[\"https://a.example\",\"https:\\/\\/b.example\"]},\n"
         "\t\"http_api\":{\"key\":\"se\\\"\\u0063ret\"},\n"
         "\t\"channel\": {\"without_namespace\": {\"presence\": true}},\n"
         "\t\"health\": {}\n}\n");

    expect_example();
}

Test(config_file, may_be_empty)
{
    load("");
    must_be_ok();
    load("# nothing yet\n");
    must_be_ok();
    load("{}");
    must_be_ok();
}

Test(config_file, takes_a_list_also_as_one_text)
{
    load("client: {allowed_origins: 'https://a.example, https://b.example'}");

    must_be_ok();
    cr_expect_eq(loaded->client.allowed_origins.count, 2);
}

Test(config_file, reports_every_mistake_with_its_line)
{
    load("http_server:\n"
         "  port: 99999\n"
         "  adress: \"\"\n"
         "client:\n"
         "  insecure: yes\n"
         "  allowed_origins: [a, {b: c}]\n"
         "  ping_interval: [1s]\n"
         "  channel_limit:\n"
         "log: debug\n"
         "workers: {a: 1}\n"
         "nonsense: {of: {a: kind}}\n"
         "config: other.yaml\n"
         "[1]: x\n");

    must_have_errors(
        "FILE:2: http_server.port: \"99999\" is not a whole number from 0 to 65535\n"
        "FILE:3: http_server.adress: unknown option; the nearest is http_server.address\n"
        "FILE:5: client.insecure: \"yes\" is neither true nor false\n"
        "FILE:6: client.allowed_origins: must be a list of texts\n"
        "FILE:7: client.ping_interval: must be a single value\n"
        "FILE:8: client.channel_limit: \"\" is not a whole number from 1 to 4294967295\n"
        "FILE:9: log: is a section: options go below it\n"
        "FILE:10: workers: must be a single value\n"
        "FILE:11: nonsense: unknown option; --help lists those there are\n"
        "FILE:12: config: is a flag only: --config\n"
        "FILE:13: a key must be a name\n");
}

Test(config_file, may_say_each_thing_once)
{
    load("workers: 1\ndemo: true\nworkers: 2\nhttp_server:\n  port: 1\n  port: 2\n");

    must_have_errors("FILE:3: \"workers\" is there twice\n"
                     "FILE:6: http_server: \"port\" is there twice\n");
}

Test(config_file, that_is_not_well_formed_names_the_line)
{
    load("workers: 1\nclient: {insecure: true\n");
    cr_expect_eq(report.error_count, 1);
    cr_expect_not_null(strstr(report.errors.data, ":3: did not find expected"));
    load("workers: 1\n\tdemo: true\n");
    cr_expect_eq(report.error_count, 1);
    cr_expect_not_null(strstr(report.errors.data, ":2: "));
    load("- 1\n- 2\n");
    must_fail_with("FILE: must be a mapping of options at the top");
    load("just text");
    must_fail_with("FILE: must be a mapping of options at the top");
    load("workers: 1\n---\nworkers: 2\n");
    must_fail_with("FILE: holds more than one document");
    load("workers: *one\n");
    cr_expect_eq(report.error_count, 1);
    load("workers: \xff\n");
    cr_expect_eq(report.error_count, 1);
}

Test(config_file, that_holds_itself_is_refused)
{
    load("emulation: &a {\"b\": *a}\n");
    cr_expect_eq(report.error_count, 1);
    load("channel: &a {without_namespace: *a}\n");
    cr_expect_eq(report.error_count, 1);
}

Test(config_file, with_a_nul_in_a_text_is_refused)
{
    load("http_api: {key: \"a\\0b\"}\nclient: {allowed_origins: [\"a\\nb\"]}\n");

    must_have_errors("FILE:1: http_api.key: there is a control character in the text\n"
                     "FILE:2: client.allowed_origins: there is a control character in the text\n");
}

Test(config_file, must_be_there_and_be_a_file)
{
    LOAD("--config=/nonexistent/gracecast.yaml");
    must_fail_with("/nonexistent/gracecast.yaml: No such file or directory");
    LOAD("-c", "/tmp");
    must_fail_with("/tmp: Is a directory");
    LOAD("-c", "config.toml");
    must_fail_with("config.toml: TOML is not read here: write it as YAML or JSON");
    LOAD("-c");
    must_fail_with("-c: needs a value");
}

Test(config_file, and_flags_are_reported_together)
{
    fixture_file("workers: x\n");
    LOAD("--port=y");

    must_have_errors("FILE:1: workers: \"x\" is not a whole number from 0 to 1024\n"
                     "--port: \"y\" is not a whole number from 0 to 65535\n");
}

Test(config_file, of_any_prefix_of_a_good_one_never_crashes)
{
    static const char text[] = "http_server: {port: 1, address: '::1'}\nclient:\n  insecure: t\n"
                               "channel:\n  namespaces: [{name: ab, presence: 1}, {\"name\": cd}]\n"
                               "log: {level: \"in\\u0066o\"}\nadmin: {a: {b: [c]}}\n";

    for (size_t len = 0; len < sizeof text; len++) {
        char *part = strndup(text, len);

        load(part);
        cr_expect((result == CONFIG_OK) == (report.error_count == 0));
        free(part);
    }
}

Test(config_file, may_hold_the_keys_of_tokens)
{
    load("client:\n"
         "  token:\n"
         "    hmac_secret_key: hush\n"
         "    hmac_previous_secret_key_valid_until: 1700000000\n"
         "    rsa_public_key: |\n"
         "      -----BEGIN\n"
         "      END-----\n"
         "  subscription_token: {enabled: true, issuer: me}\n");

    must_be_ok();
    cr_expect_str_eq(loaded->client.token.hmac_secret_key.ptr, "hush");
    cr_expect_eq(loaded->client.token.hmac_previous_secret_key_valid_until_s, 1700000000);
    cr_expect_str_eq(loaded->client.token.rsa_public_key.ptr, "-----BEGIN\nEND-----\n");
    cr_expect(loaded->client.subscription_token.enabled);
    cr_expect_str_eq(loaded->client.subscription_token.keys.issuer.ptr, "me");
}

Test(config_file, is_refused_where_tokens_and_channels_make_no_sense)
{
    load("client:\n"
         "  token: {user_id_claim: a.b, hmac_secret_key: \"a\\nb\"}\n"
         "  subscription_token: {user_id_claim: '1'}\n"
         "  subscribe_to_user_personal_channel: {personal_channel_namespace: nowhere}\n");

    must_have_errors(
        "FILE:2: client.token.hmac_secret_key: there is a control character in the text\n"
        "client.token.user_id_claim: must be letters and '_'\n"
        "client.subscription_token.user_id_claim: must be letters and '_'\n"
        "client.subscribe_to_user_personal_channel.personal_channel_namespace: there is no "
        "namespace \"nowhere\"\n");
}
