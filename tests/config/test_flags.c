/* SPDX-License-Identifier: MIT */
#include "fixture.h"

TestSuite(config_flags, .fini = fixture_fini);

static void expect_text(view got, const char *wanted)
{
    cr_expect_str_eq(got.ptr, wanted);
    cr_expect_eq(got.len, strlen(wanted));
}

Test(config_flags, none_gives_the_documented_defaults)
{
    LOAD();

    must_be_ok();
    cr_expect_eq(loaded->http_server.port, 8000);
    expect_text(loaded->http_server.address, "");
    cr_expect_eq(loaded->workers, 0);
    cr_expect_eq(loaded->log.level, LOG_LEVEL_INFO);
    cr_expect_eq(loaded->shutdown.timeout_ms, 30000);
    cr_expect_not(loaded->client.insecure);
    cr_expect_eq(loaded->client.allowed_origins.count, 0);
    cr_expect_eq(loaded->client.channel_limit, 128);
    cr_expect_eq(loaded->client.queue_max_size_bytes, 1048576);
    cr_expect_eq(loaded->client.ping_interval_ms, 25000);
    cr_expect_eq(loaded->client.pong_timeout_ms, 8000);
    cr_expect_eq(loaded->client.stale_close_delay_ms, 10000);
    expect_text(loaded->websocket.handler_prefix, "/connection/websocket");
    cr_expect_eq(loaded->websocket.message_size_limit_bytes, 65536);
    cr_expect_eq(loaded->websocket.write_timeout_ms, 1000);
    expect_text(loaded->http_api.key, "");
    expect_text(loaded->http_api.handler_prefix, "/api");
    cr_expect_eq(loaded->http_api.error_mode, API_ERROR_IN_BODY);
    cr_expect_eq(loaded->http_api.max_body_size_bytes, 16 << 20);
    cr_expect_not(loaded->health.enabled);
    expect_text(loaded->health.handler_prefix, "/health");
    expect_text(loaded->prometheus.handler_prefix, "/metrics");
    cr_expect_eq(loaded->channel.max_length, 255);
    cr_expect_eq(loaded->channel.history_meta_ttl_ms, UINT64_C(720) * 3600000);
    cr_expect_eq(loaded->client.channel_position_check_delay_ms, 40000);
    cr_expect_eq(loaded->client.history_max_publication_limit, 300);
    cr_expect_eq(loaded->client.recovery_max_publication_limit, 300);
    cr_expect_eq(loaded->memory.history_max_bytes, 256 << 20);
    cr_expect_eq(loaded->channel.without_namespace.force_recovery_mode, RECOVERY_STREAM);
}

Test(config_flags, take_their_value_behind_a_sign_or_as_the_next_argument)
{
    LOAD("--http_server.port=8001", "--log.level", "debug", "--http_api.error_mode=transport",
         "--http_api.key=a=b", "--client.queue_max_size", "2MiB");

    must_be_ok();
    cr_expect_eq(loaded->http_server.port, 8001);
    cr_expect_eq(loaded->log.level, LOG_LEVEL_DEBUG);
    cr_expect_eq(loaded->http_api.error_mode, API_ERROR_TRANSPORT);
    expect_text(loaded->http_api.key, "a=b");
    cr_expect_eq(loaded->client.queue_max_size_bytes, 2 << 20);
}

Test(config_flags, have_short_names)
{
    LOAD("-p", "1", "-a=::1", "--workers=3");
    must_be_ok();
    cr_expect_eq(loaded->http_server.port, 1);
    expect_text(loaded->http_server.address, "::1");
    cr_expect_eq(loaded->workers, 3);

    LOAD("--port", "2", "--address", "127.0.0.1");
    must_be_ok();
    cr_expect_eq(loaded->http_server.port, 2);
    expect_text(loaded->http_server.address, "127.0.0.1");
}

Test(config_flags, of_switches_need_no_value)
{
    LOAD("--client.insecure", "--demo=false", "--health.enabled=1", "--prometheus.enabled=0");

    must_be_ok();
    cr_expect(loaded->client.insecure);
    cr_expect_not(loaded->demo);
    cr_expect(loaded->health.enabled);
    cr_expect_not(loaded->prometheus.enabled);
}

Test(config_flags, count_from_left_to_right)
{
    LOAD("--port=1", "--http_server.port=2", "--http_api.key=a", "--http_api.key=b", "--demo",
         "--demo=false", "--client.allowed_origins=a", "--client.allowed_origins=b");

    must_be_ok();
    cr_expect_eq(loaded->http_server.port, 2);
    expect_text(loaded->http_api.key, "b");
    cr_expect_not(loaded->demo);
    cr_expect_eq(loaded->client.allowed_origins.count, 1);
    cr_expect_str_eq(loaded->client.allowed_origins.items[0], "b");
}

static void expect_two_origins(void)
{
    must_be_ok();
    cr_assert_eq(loaded->client.allowed_origins.count, 2);
    cr_expect_str_eq(loaded->client.allowed_origins.items[0], "https://a.example");
    cr_expect_str_eq(loaded->client.allowed_origins.items[1], "*.b.example");
}

Test(config_flags, write_lists_with_commas_spaces_or_as_json)
{
    LOAD("--client.allowed_origins=https://a.example,*.b.example");
    expect_two_origins();
    LOAD("--client.allowed_origins", " https://a.example ,  *.b.example,");
    expect_two_origins();
    LOAD("--client.allowed_origins=[\"https://a.example\",\"*.b.example\"]");
    expect_two_origins();

    LOAD("--client.allowed_origins=");
    must_be_ok();
    cr_expect_eq(loaded->client.allowed_origins.count, 0);
    LOAD("--client.allowed_origins=[[1]]");
    must_fail_with("--client.allowed_origins: must be a list of texts");
    LOAD("--client.allowed_origins=[");
    cr_expect_eq(report.error_count, 1);
}

Test(config_flags, that_are_wrong_are_all_reported_at_once)
{
    LOAD("--port=65536", "--workers=-1", "--client.insecure=maybe", "--client.ping_interval=25",
         "--log.level=loud", "--websocket.message_size_limit=0", "--address=localhost",
         "--http_api.handler_prefix=api", "here", "--client.queue_max_size=64k", "--http_api.key");

    must_have_errors(
        "--port: \"65536\" is not a whole number from 0 to 65535\n"
        "--workers: \"-1\" is not a whole number from 0 to 1024\n"
        "--client.insecure: \"maybe\" is neither true nor false\n"
        "--client.ping_interval: \"25\" is not a time in whole milliseconds such as 25s, 1m30s or "
        "500ms\n"
        "--log.level: \"loud\" is none of \"trace\", \"debug\", \"info\", \"warn\", \"error\", "
        "\"fatal\", \"none\"\n"
        "--websocket.message_size_limit: \"0\" is not from 1 to 4294967295 bytes\n"
        "--address: \"localhost\" is not an IPv4 or IPv6 address\n"
        "--http_api.handler_prefix: \"api\" does not begin with '/'\n"
        "here: is no flag; values of switches follow a '=', as in --demo=false\n"
        "--client.queue_max_size: \"64k\" is not a number of bytes such as 65536, 64KiB or 16MiB\n"
        "--http_api.key: needs a value\n");
}

Test(config_flags, do_not_swallow_the_next_flag_as_a_value)
{
    LOAD("--http_api.key", "--demo");

    must_fail_with("--http_api.key: needs a value");
}

Test(config_flags, that_are_unknown_name_the_nearest_one)
{
    LOAD("--client.insecur", "--prot", "9000", "--insecure", "--http-api.key=x", "-x", "--", "-",
         "--quite_another_thing");

    must_have_errors("--client.insecur: unknown option; the nearest is --client.insecure\n"
                     "--prot: unknown option; the nearest is --http_server.port\n"
                     "--insecure: unknown option; the nearest is --client.insecure\n"
                     "--http-api.key: unknown option; the nearest is --http_api.key\n"
                     "-x: unknown option; --help lists those there are\n"
                     "--: is no flag; values of switches follow a '=', as in --demo=false\n"
                     "-: is no flag; values of switches follow a '=', as in --demo=false\n"
                     "--quite_another_thing: unknown option; --help lists those there are\n");
}

Test(config_flags, never_repeat_a_secret_in_an_error)
{
    LOAD("--http_api.key=hush\nhush");

    must_fail_with("--http_api.key: there is a control character in the text");
}

Test(config_flags, help_and_version_win_over_every_mistake)
{
    LOAD("--port=x", "--help");
    cr_expect_eq(result, CONFIG_HELP);
    cr_expect_null(loaded);
    LOAD("-v", "--nonsense");
    cr_expect_eq(result, CONFIG_VERSION);
    LOAD("--help=false");
    cr_expect_eq(result, CONFIG_OK);
}

Test(config_flags, refuse_a_pong_later_than_the_next_ping)
{
    LOAD("--client.ping_interval=8s");
    must_fail_with("client.pong_timeout: must be less than client.ping_interval");
    LOAD("--client.ping_interval=8s", "--client.pong_timeout=7999ms");
    must_be_ok();
    LOAD("--client.ping_interval=0");
    must_be_ok();
    LOAD("--client.pong_timeout=0");
    must_be_ok();
}

Test(config_flags, refuse_two_endpoints_at_one_path)
{
    LOAD("--health.enabled", "--health.handler_prefix=/api");
    must_fail_with("health.handler_prefix: \"/api\" is the path of http_api.handler_prefix "
                   "already");
    LOAD("--health.enabled", "--health.handler_prefix=/api", "--http_api.disabled");
    must_be_ok();
    LOAD("--health.handler_prefix=/api");
    must_be_ok();
}
