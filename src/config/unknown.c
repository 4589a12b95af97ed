/* SPDX-License-Identifier: MIT */
#include "unknown.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>

#include "option.h"

/* An option of Centrifugo that we lack; a name that ends in '.' stands for the whole section. */
typedef struct foreign {
    const char *name;
    const char *harmless; /* the value that asks for what we do anyway; "*": any value; or NULL */
} foreign;

static const foreign foreign_options[] = {
    {"address", NULL},
    {"admin.", NULL},
    {"broker.", NULL},
    {"channel.history_meta_ttl", NULL},
    {"channel.max_publication_size", NULL},
    {"channel.namespace_boundary", ":"},
    {"channel.private_prefix", "$"},
    {"channel.proxy.", NULL},
    {"channel.user_boundary", "#"},
    {"channel.user_separator", ","},
    {"client.channel_position_check_delay", NULL},
    {"client.channel_position_max_time_lag", NULL},
    {"client.concurrency", "0"},
    {"client.disallow_anonymous_connection_tokens", NULL},
    {"client.expired_close_delay", NULL},
    {"client.expired_sub_close_delay", NULL},
    {"client.history_max_publication_limit", NULL},
    {"client.insecure_skip_token_signature_verify", NULL},
    {"client.presence_update_interval", NULL},
    {"client.proxy.", NULL},
    {"client.recovery_max_publication_limit", NULL},
    {"client.subscribe_to_user_personal_channel.", NULL},
    {"client.subscription_token.", NULL},
    {"client.token.", NULL},
    {"client.user_connection_limit", "0"},
    {"consumers", NULL},
    {"controller.", NULL},
    {"debug.", NULL},
    {"emulation.", NULL},
    {"engine.type", "memory"},
    {"engine.", NULL},
    {"graphite.", NULL},
    {"grpc_api.", NULL},
    {"http_api.external", NULL},
    {"http_server.http2_extended_connect", NULL},
    {"http_server.h2c_external", NULL},
    {"http_server.http3.", NULL},
    {"http_server.tls.", NULL},
    {"http_server.tls_autocert.", NULL},
    {"http_server.tls_external", NULL},
    {"http_stream.", NULL},
    {"log.file", ""},
    {"map_broker.", NULL},
    {"node.", NULL},
    {"opentelemetry.", NULL},
    {"pid_file", ""},
    {"presence_manager.", NULL},
    {"prometheus.instrument_http_handlers", NULL},
    {"proxies", NULL},
    {"rpc.", NULL},
    {"shared_poll.", NULL},
    {"sse.", NULL},
    {"swagger.", NULL},
    {"uni_grpc.", NULL},
    {"uni_http_stream.", NULL},
    {"uni_sse.", NULL},
    {"uni_websocket.", NULL},
    {"usage_stats.", "*"}, /* we send none */
    {"websocket.compression", NULL},
    {"websocket.compression_level", "*"},
    {"websocket.compression_min_size", "*"},
    {"websocket.disabled", NULL},
    {"websocket.read_buffer_size", "*"},
    {"websocket.use_write_buffer_pool", "*"},
    {"websocket.write_buffer_size", "*"},
    {"webtransport.", NULL},
};

static const foreign foreign_channel_options[] = {
    {"allow_tags_filter", NULL},
    {"allow_user_limited_channels", NULL},
    {"allowed_delta_types", NULL},
    {"channel_regex", ""},
    {"delta_publish", NULL},
    {"map.", NULL},
    {"map_clients_presence_channel_prefix", ""},
    {"map_users_presence_channel_prefix", ""},
    {"publication_data_format", ""},
    {"publish_proxy_enabled", NULL},
    {"publish_proxy_name", NULL},
    {"shared_poll.", NULL},
    {"sub_refresh_proxy_enabled", NULL},
    {"sub_refresh_proxy_name", NULL},
    {"subscribe_proxy_enabled", NULL},
    {"subscribe_proxy_name", NULL},
    {"subscribe_stream_proxy_bidirectional", NULL},
    {"subscribe_stream_proxy_enabled", NULL},
    {"subscribe_stream_proxy_name", NULL},
    {"subscription_type", "stream"},
};

enum { NAME_MAX_BYTES = 96 };

/* Variables write '_' for '.', and everything in capitals. */
static char fold(char c)
{
    return c == '.' ? '_' : (char)tolower((unsigned char)c);
}

static bool same_folded(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (fold(a[i]) != fold(b[i]))
            return false;
    return true;
}

static bool foreign_matches(const foreign *f, view name)
{
    size_t len = strlen(f->name);
    bool section = f->name[len - 1] == '.';

    return (section ? name.len > len : name.len == len) && same_folded(f->name, name.ptr, len);
}

static const foreign *find_foreign(const foreign *list, size_t count, view name)
{
    for (size_t i = 0; i < count; i++)
        if (foreign_matches(&list[i], name))
            return &list[i];
    return NULL;
}

static const foreign *foreign_option(view name)
{
    static const view prefix = VIEW_LIT(WITHOUT_NAMESPACE);

    if (name.len > prefix.len && same_folded(prefix.ptr, name.ptr, prefix.len))
        return find_foreign(foreign_channel_options,
                            sizeof foreign_channel_options / sizeof *foreign_channel_options,
                            view_skip(name, prefix.len));
    return find_foreign(foreign_options, sizeof foreign_options / sizeof *foreign_options, name);
}

/* What is switched off needs no support. */
static bool is_harmless(const foreign *f, view value)
{
    if (view_eq(value, VIEW_LIT("false")))
        return true;
    return f->harmless != NULL &&
           (strcmp(f->harmless, "*") == 0 || view_eq(value, view_of(f->harmless)));
}

static void report_foreign(const place *at, const foreign *f, view value)
{
    if (is_harmless(f, value))
        place_warn(at, "ignored: an option of Centrifugo without effect here");
    else
        place_error(at, "known to Centrifugo, not supported here");
}

/* Levenshtein's distance, with one row of his table. */
static size_t distance(view a, view b)
{
    size_t row[NAME_MAX_BYTES + 1];

    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = diagonal + (fold(a.ptr[i - 1]) != fold(b.ptr[j - 1]));
            size_t shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = replaced < shorter ? replaced : shorter;
        }
    }
    return row[b.len];
}

/* true: `part` is all of the last components of `name`: "port" of "http_server.port". */
static bool is_tail(view name, view part)
{
    if (part.len == 0 || part.len + 1 >= name.len || name.ptr[name.len - part.len - 1] != '.')
        return false;
    return same_folded(name.ptr + name.len - part.len, part.ptr, part.len);
}

typedef struct search {
    view name;
    const char *prefix; /* of the nearest */
    const option *nearest;
    size_t distance;
} search;

static void consider(search *s, const char *prefix, const option *o)
{
    char full[NAME_MAX_BYTES];
    int len = snprintf(full, sizeof full, "%s%s", prefix, o->name);
    view name = {.ptr = full, .len = (size_t)len};

    if (len < 0 || len >= NAME_MAX_BYTES || o->not_yet)
        return;

    size_t found = is_tail(name, s->name) ? 0 : distance(s->name, name);

    if (found >= s->distance)
        return;
    s->prefix = prefix;
    s->nearest = o;
    s->distance = found;
}

static void consider_all(search *s, const char *prefix, const option_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        consider(s, prefix, &table->items[i]);
}

/* Further away than a third of its letters, it is another word. */
static search new_search(view name)
{
    size_t limit = name.len < 9 ? 3 : name.len / 3 + 1;

    return (search){.name = name, .distance = name.len < 3 ? 2 : limit};
}

static void report_nearest(const place *at, const search *s)
{
    char name[NAME_MAX_BYTES];

    if (s->nearest == NULL) {
        place_error(at, "unknown option; --help names all there are");
        return;
    }
    (void)snprintf(name, sizeof name, "%s%s", s->prefix, s->nearest->name);
    if (at->kind == PLACE_VARIABLE)
        for (char *c = name; *c != '\0'; c++)
            *c = (char)toupper((unsigned char)fold(*c));
    place_error(at, "unknown option; the nearest is %s%s",
                at->kind == PLACE_FLAG       ? "--"
                : at->kind == PLACE_VARIABLE ? "GRACECAST_"
                                             : "",
                name);
}

void unknown_option(const place *at, view name, view value)
{
    const foreign *f = foreign_option(name);
    search s = new_search(name);

    if (view_starts_with(at->source, VIEW_LIT("CENTRIFUGO_"))) {
        place_warn(at, "ignored: this server has no such option");
        return;
    }
    if (f != NULL) {
        report_foreign(at, f, value);
        return;
    }
    if (name.len < NAME_MAX_BYTES) {
        consider_all(&s, "", &options_of_server);
        consider_all(&s, WITHOUT_NAMESPACE, &options_of_channel);
    }
    report_nearest(at, &s);
}

void unknown_channel_option(const place *at, view name, view value)
{
    const foreign *f =
        find_foreign(foreign_channel_options,
                     sizeof foreign_channel_options / sizeof *foreign_channel_options, name);
    search s = new_search(name);

    if (f != NULL) {
        report_foreign(at, f, value);
        return;
    }
    if (name.len < NAME_MAX_BYTES)
        consider_all(&s, "", &options_of_channel);
    report_nearest(at, &s);
}

bool unknown_is_section(view name)
{
    for (size_t i = 0; i < sizeof foreign_options / sizeof *foreign_options; i++) {
        const char *full = foreign_options[i].name;

        if (strncmp(full, name.ptr, name.len) == 0 && full[name.len] == '.')
            return true;
    }
    return false;
}
