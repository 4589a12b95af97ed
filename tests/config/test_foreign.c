/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "foreign.h"

TestSuite(config_foreign, .fini = fixture_fini);

Test(config_foreign, options_that_we_lack_are_named_as_such)
{
    fixture_file("admin:\n"
                 "  enabled: true\n"
                 "client:\n"
                 "  token: {jwks_public_endpoint: hush}\n"
                 "consumers: [1]\n"
                 "engine: {type: redis}\n"
                 "websocket: {compression: true}\n"
                 "channel: {without_namespace: {channel_regex: a}}\n");
    LOAD("--http_server.tls.enabled", "--sse.enabled=true");

    must_have_errors(
        "FILE:2: admin.enabled: known to Centrifugo, not supported here\n"
        "FILE:4: client.token.jwks_public_endpoint: known to Centrifugo, not supported here\n"
        "FILE:5: consumers: known to Centrifugo, not supported here\n"
        "FILE:6: engine.type: known to Centrifugo, not supported here\n"
        "FILE:7: websocket.compression: known to Centrifugo, not supported here\n"
        "FILE:8: channel.without_namespace.channel_regex: known to Centrifugo, not supported "
        "here\n"
        "--http_server.tls.enabled: known to Centrifugo, not supported here\n"
        "--sse.enabled: known to Centrifugo, not supported here\n");
}

Test(config_foreign, options_that_change_nothing_only_warn)
{
    fixture_file("usage_stats: {disabled: true}\n"
                 "engine: {type: memory}\n"
                 "admin: {enabled: false}\n"
                 "websocket: {write_buffer_size: 4096}\n");
    LOAD();

    must_be_ok();
    must_have_warnings(
        "FILE:1: usage_stats.disabled: ignored: an option of Centrifugo without effect here\n"
        "FILE:2: engine.type: ignored: an option of Centrifugo without effect here\n"
        "FILE:3: admin.enabled: ignored: an option of Centrifugo without effect here\n"
        "FILE:4: websocket.write_buffer_size: ignored: an option of Centrifugo without effect "
        "here\n");
}

Test(config_foreign, names_are_known_as_variables_too)
{
    cr_expect_eq(foreign_option(VIEW_LIT("ADMIN_PASSWORD"), VIEW_LIT("x")), FOREIGN_HARMLESS);
    cr_expect_eq(foreign_option(VIEW_LIT("ADMIN_ENABLED"), VIEW_LIT("1")), FOREIGN_UNSUPPORTED);
    cr_expect_eq(foreign_option(VIEW_LIT("ADMIN_ENABLED"), VIEW_LIT("false")), FOREIGN_HARMLESS);
    cr_expect_eq(foreign_option(VIEW_LIT("client.proxy.connect.enabled"), VIEW_LIT("true")),
                 FOREIGN_UNSUPPORTED);
    cr_expect_eq(foreign_option(VIEW_LIT("client.proxy.connect.endpoint"), VIEW_LIT("x")),
                 FOREIGN_HARMLESS);
    cr_expect_eq(foreign_option(VIEW_LIT("admin.reenabled"), VIEW_LIT("x")), FOREIGN_HARMLESS);
    cr_expect_eq(
        foreign_option(VIEW_LIT("CHANNEL_WITHOUT_NAMESPACE_DELTA_PUBLISH"), VIEW_LIT("true")),
        FOREIGN_UNSUPPORTED);
    cr_expect_eq(foreign_option(VIEW_LIT("ADMIN"), VIEW_LIT("x")), FOREIGN_UNKNOWN);
    cr_expect_eq(foreign_option(VIEW_LIT(""), VIEW_LIT("")), FOREIGN_UNKNOWN);
    cr_expect_not(foreign_is_section(VIEW_LIT("")));
    cr_expect(foreign_is_section(VIEW_LIT("client")));
    cr_expect_not(foreign_is_section(VIEW_LIT("clien")));
}

/* What Centrifugo writes for who begins with it. */
Test(config_foreign, its_first_file_is_taken_as_it_is)
{
    fixture_file("{\"client\": {\"token\": {\"hmac_secret_key\": \"a\"},\n"
                 "  \"allowed_origins\": [\"http://localhost:3000\"]},\n"
                 " \"admin\": {\"enabled\": false, \"password\": \"b\", \"secret\": \"c\"},\n"
                 " \"http_api\": {\"key\": \"d\"}}\n");
    LOAD();

    must_be_ok();
    cr_expect(view_eq(loaded->client.token.hmac_secret_key, VIEW_LIT("a")));
    cr_expect(view_eq(loaded->http_api.key, VIEW_LIT("d")));
}
