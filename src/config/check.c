/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <ctype.h>
#include <stdio.h>

#include "place.h"

static place place_of(config_report *report, const char *path)
{
    return (place){.report = report, .kind = PLACE_DEFAULT, .path = view_of(path)};
}

static void check_pings(const config *c, config_report *report)
{
    place at = place_of(report, "client.pong_timeout");

    if (c->client.ping_interval_ms != 0 && c->client.pong_timeout_ms >= c->client.ping_interval_ms)
        place_error(&at, "must be less than client.ping_interval");
}

typedef struct endpoint {
    const char *option;
    view path;
    bool served;
} endpoint;

static void check_paths(const config *c, config_report *report)
{
    const endpoint endpoints[] = {
        {"websocket.handler_prefix", c->websocket.handler_prefix, true},
        {"http_api.handler_prefix", c->http_api.handler_prefix, !c->http_api.disabled},
        {"health.handler_prefix", c->health.handler_prefix, c->health.enabled},
        {"prometheus.handler_prefix", c->prometheus.handler_prefix, c->prometheus.enabled},
    };

    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
        for (size_t j = 0; j < i; j++) {
            place at = place_of(report, endpoints[i].option);

            if (endpoints[i].served && endpoints[j].served &&
                view_eq(endpoints[i].path, endpoints[j].path))
                place_error(&at, "%s is the path of %s already", log_quote(endpoints[i].path).text,
                            endpoints[j].option);
        }
}

/* What Centrifugo takes for one: nothing that could be a path into the claims. */
static void check_claim_name(view name, const char *option, config_report *report)
{
    place at = place_of(report, option);

    for (size_t i = 0; i < name.len; i++) {
        if (!isalpha((unsigned char)name.ptr[i]) && name.ptr[i] != '_') {
            place_error(&at, "must be letters and '_'");
            return;
        }
    }
}

static void check_tokens(const config *c, config_report *report)
{
    check_claim_name(c->client.token.user_id_claim, "client.token.user_id_claim", report);
    check_claim_name(c->client.subscription_token.keys.user_id_claim,
                     "client.subscription_token.user_id_claim", report);
}

static void check_personal_channel(const config *c, config_report *report)
{
    place at =
        place_of(report, "client.subscribe_to_user_personal_channel.personal_channel_namespace");
    view name = c->client.subscribe_to_user_personal_channel.personal_channel_namespace;

    for (size_t i = 0; i < c->channel.namespaces.count; i++) {
        if (view_eq(c->channel.namespaces.items[i].name, name))
            return;
    }
    if (name.len != 0)
        place_error(&at, "there is no namespace %s", log_quote(name).text);
}

/* `path`: of the options, for the report. */
static void check_history(const channel_options *o, const char *path, config_report *report)
{
    place at = place_of(report, path);

    if ((o->history_size != 0) != (o->history_ttl_ms != 0))
        place_error(&at, "history needs both history_size and history_ttl");
    else if (!config_keeps_history(o) && (o->force_positioning || o->force_recovery))
        place_error(&at, "force_positioning and force_recovery need history_size and history_ttl");
}

/* Recovery of a stream promises every publication, conflation only the newest. */
static void check_conflation(const channel_options *o, const char *path, config_report *report)
{
    place at = place_of(report, path);
    bool recovers =
        (o->allow_recovery || o->force_recovery) && o->force_recovery_mode == RECOVERY_STREAM;

    if (config_conflates(o) && recovers)
        place_error(&at,
                    "%s leaves publications out and recovery needs all of them: use "
                    "force_recovery_mode \"cache\" or no recovery",
                    o->conflate == CONFLATE_LATEST ? "conflate" : "max_rate");
    if (!config_conflates(o) && o->conflate_key.len != 0)
        place_error(&at, "conflate_key does nothing without conflate or max_rate");
}

static void check_options(const channel_options *o, const char *path, config_report *report)
{
    check_history(o, path, report);
    check_conflation(o, path, report);
}

static void check_channels(const config *c, config_report *report)
{
    char path[320]; /* a namespace's name is cut there */

    check_options(&c->channel.without_namespace, "channel.without_namespace", report);
    for (size_t i = 0; i < c->channel.namespaces.count; i++) {
        const channel_namespace *ns = &c->channel.namespaces.items[i];

        (void)snprintf(path, sizeof path, "channel.namespaces: %.*s",
                       (int)(ns->name.len < 256 ? ns->name.len : 256), ns->name.ptr);
        check_options(&ns->options, path, report);
    }
}

void config_check(const config *c, config_report *report)
{
    check_channels(c, report);
    check_pings(c, report);
    check_paths(c, report);
    check_tokens(c, report);
    check_personal_channel(c, report);
}
