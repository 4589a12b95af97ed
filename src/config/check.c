/* SPDX-License-Identifier: MIT */
#include "check.h"

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

enum { PATH_MAX_BYTES = 256 };

/* Recovery of a stream promises every publication, conflation only the newest. */
static void check_conflation(const channel_options *o, view where, config_report *report)
{
    bool conflates = o->conflate != CONFLATE_OFF || o->max_rate != 0;
    bool recovers =
        (o->allow_recovery || o->force_recovery) && o->force_recovery_mode == RECOVERY_STREAM;
    char path[PATH_MAX_BYTES];

    (void)snprintf(path, sizeof path, "channel.%.*s", (int)(where.len < 128 ? where.len : 128),
                   where.ptr);

    place at = place_of(report, path);

    if (conflates && recovers)
        place_error(&at, "%s leaves publications out, recovery needs all of them: use "
                         "force_recovery_mode \"cache\" or no recovery",
                    o->conflate != CONFLATE_OFF ? "conflate" : "max_rate");
    if (!conflates && o->conflate_key.len != 0)
        place_error(&at, "conflate_key does nothing without conflate or max_rate");
}

void config_check(const config *c, config_report *report)
{
    check_pings(c, report);
    check_paths(c, report);
    check_conflation(&c->channel.without_namespace, VIEW_LIT("without_namespace"), report);
    for (size_t i = 0; i < c->channel.namespaces.count; i++)
        check_conflation(&c->channel.namespaces.items[i].options,
                         c->channel.namespaces.items[i].name, report);
}
