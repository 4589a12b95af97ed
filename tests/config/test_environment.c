/* SPDX-License-Identifier: MIT */
#include "fixture.h"

TestSuite(config_environment, .fini = fixture_fini);

Test(config_environment, names_options_in_capitals)
{
    ENVIRONMENT("GRACECAST_CLIENT_INSECURE=true", "GRACECAST_HTTP_SERVER_PORT=8001",
                "GRACECAST_WORKERS=2", "GRACECAST_HTTP_API_KEY=a=b",
                "GRACECAST_CHANNEL_WITHOUT_NAMESPACE_PRESENCE=1",
                "GRACECAST_CLIENT_ALLOWED_ORIGINS=https://a.example https://b.example", "PATH=/bin",
                "GRACECAST", "NOTGRACECAST_X=1");
    LOAD();

    must_be_ok();
    cr_expect(loaded->client.insecure);
    cr_expect_eq(loaded->http_server.port, 8001);
    cr_expect_eq(loaded->workers, 2);
    cr_expect_str_eq(loaded->http_api.key.ptr, "a=b");
    cr_expect(loaded->channel.without_namespace.presence);
    cr_assert_eq(loaded->client.allowed_origins.count, 2);
    cr_expect_str_eq(loaded->client.allowed_origins.items[1], "https://b.example");
    must_have_warnings("");
}

Test(config_environment, of_gracecast_wins_over_that_of_centrifugo)
{
    ENVIRONMENT("GRACECAST_HTTP_SERVER_PORT=1", "CENTRIFUGO_HTTP_SERVER_PORT=2",
                "CENTRIFUGO_HTTP_API_KEY=theirs");
    LOAD();

    must_be_ok();
    cr_expect_eq(loaded->http_server.port, 1);
    cr_expect_str_eq(loaded->http_api.key.ptr, "theirs");
}

Test(config_environment, loses_to_flags_and_wins_over_the_file)
{
    fixture_file("http_server: {port: 3}\nworkers: 3\nlog: {level: debug}\n");
    ENVIRONMENT("GRACECAST_HTTP_SERVER_PORT=2", "CENTRIFUGO_WORKERS=2");
    LOAD("--port=1");

    must_be_ok();
    cr_expect_eq(loaded->http_server.port, 1);
    cr_expect_eq(loaded->workers, 2);
    cr_expect_eq(loaded->log.level, LOG_LEVEL_DEBUG);
}

Test(config_environment, left_empty_counts_as_unset)
{
    fixture_file("http_server: {port: 3}\n");
    ENVIRONMENT("GRACECAST_HTTP_SERVER_PORT=", "GRACECAST_NONSENSE=");
    LOAD();

    must_be_ok();
    cr_expect_eq(loaded->http_server.port, 3);
}

Test(config_environment, reports_every_bad_variable)
{
    ENVIRONMENT("GRACECAST_CLIENT_INSECURR=1", "GRACECAST_HTTP_SERVER_PORT=x",
                "CENTRIFUGO_WORKERS=y", "GRACECAST_CONFIG=/etc/x.yaml",
                "GRACECAST_CLIENT_TOKEN_JWKS_PUBLIC_ENDPOINT=hush", "GRACECAST_client_insecure=1");
    LOAD();

    must_have_errors(
        "CENTRIFUGO_WORKERS: \"y\" is not a whole number from 0 to 1024\n"
        "GRACECAST_CLIENT_INSECURR: unknown option; the nearest is GRACECAST_CLIENT_INSECURE\n"
        "GRACECAST_HTTP_SERVER_PORT: \"x\" is not a whole number from 0 to 65535\n"
        "GRACECAST_CONFIG: is a flag only: --config\n"
        "GRACECAST_CLIENT_TOKEN_JWKS_PUBLIC_ENDPOINT: known to Centrifugo, not supported here\n"
        "GRACECAST_client_insecure: unknown option; the nearest is GRACECAST_CLIENT_INSECURE\n");
}

Test(config_environment, of_centrifugo_may_hold_what_we_lack)
{
    ENVIRONMENT("CENTRIFUGO_ADMIN_PASSWORD=x", "CENTRIFUGO_NONSENSE=1");
    LOAD();

    must_be_ok();
    must_have_warnings("CENTRIFUGO_ADMIN_PASSWORD: ignored: this server has no such option\n"
                       "CENTRIFUGO_NONSENSE: ignored: this server has no such option\n");
}

Test(config_environment, may_describe_services_of_kubernetes)
{
    ENVIRONMENT("GRACECAST_PORT=tcp://10.0.0.1:8000", "GRACECAST_SERVICE_HOST=10.0.0.1",
                "GRACECAST_PORT_8000_TCP_PROTO=tcp");
    LOAD();
    must_be_ok();
    must_have_warnings("GRACECAST_PORT: ignored: it describes a service, not an option\n"
                       "GRACECAST_SERVICE_HOST: ignored: it describes a service, not an option\n"
                       "GRACECAST_PORT_8000_TCP_PROTO: ignored: it describes a service, not an "
                       "option\n");

    ENVIRONMENT("GRACECAST_PORT=8001");
    LOAD();
    must_fail_with("GRACECAST_PORT: unknown option; the nearest is GRACECAST_HTTP_SERVER_PORT");
}
