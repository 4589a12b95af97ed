/* SPDX-License-Identifier: MIT */
#include "foreign.h"

#include <ctype.h>
#include <stddef.h>

#include "option.h"

/* An option of Centrifugo that we lack; a name that ends in '.' stands for the whole section. */
typedef struct foreign {
    const char *name;
    const char *harmless; /* the value that asks for what we do anyway; "*": any value; or NULL;
                           * `switched`: a section of which only ...enabled matters */
} foreign;

static const char switched[] = "enabled";

static const foreign server_items[] = {
    {"admin.", switched},
    {"broker.", switched},
    {"channel.max_publication_size", NULL},
    {"channel.namespace_boundary", ":"},
    {"channel.private_prefix", "$"},
    {"channel.proxy.", switched},
    {"channel.user_boundary", "#"},
    {"channel.user_separator", ","},
    {"client.channel_position_max_time_lag", NULL},
    {"client.concurrency", "0"},
    {"client.presence_update_interval", NULL},
    {"client.proxy.", switched},
    {"client.subscription_token.audience_regex", ""},
    {"client.subscription_token.issuer_regex", ""},
    {"client.subscription_token.jwks.", NULL},
    {"client.subscription_token.jwks_public_endpoint", ""},
    {"client.token.audience_regex", ""},
    {"client.token.issuer_regex", ""},
    {"client.token.jwks.", NULL},
    {"client.token.jwks_public_endpoint", ""},
    {"client.user_connection_limit", "0"},
    {"consumers", NULL},
    {"controller.", NULL},
    {"debug.", switched},
    {"emulation.", NULL},
    {"engine.type", "memory"},
    {"engine.", "*"},
    {"graphite.", switched},
    {"grpc_api.", switched},
    {"http_server.http2_extended_connect", NULL},
    {"http_server.h2c_external", NULL},
    {"http_server.http3.", switched},
    {"http_server.tls.", switched},
    {"http_server.tls_autocert.", switched},
    {"http_server.tls_external", NULL},
    {"http_stream.", switched},
    {"log.file", ""},
    {"map_broker.", NULL},
    {"node.", NULL},
    {"opentelemetry.", switched},
    {"pid_file", ""},
    {"presence_manager.", switched},
    {"prometheus.instrument_http_handlers", NULL},
    {"proxies", NULL},
    {"rpc.", NULL},
    {"shared_poll.", NULL},
    {"sse.", switched},
    {"swagger.", switched},
    {"uni_grpc.", switched},
    {"uni_http_stream.", switched},
    {"uni_sse.", switched},
    {"uni_websocket.", switched},
    {"usage_stats.", "*"}, /* we send none */
    {"websocket.compression", NULL},
    {"websocket.compression_level", "*"},
    {"websocket.compression_min_size", "*"},
    {"websocket.disabled", NULL},
    {"websocket.read_buffer_size", "*"},
    {"websocket.use_write_buffer_pool", "*"},
    {"websocket.write_buffer_size", "*"},
    {"webtransport.", switched},
};

static const foreign channel_items[] = {
    {"allow_tags_filter", NULL},
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

typedef struct foreign_table {
    const foreign *items;
    size_t count;
} foreign_table;

static const foreign_table of_server = {
    .items = server_items,
    .count = sizeof server_items / sizeof *server_items,
};

static const foreign_table of_channel = {
    .items = channel_items,
    .count = sizeof channel_items / sizeof *channel_items,
};

char foreign_fold(char c)
{
    return c == '.' ? '_' : (char)tolower((unsigned char)c);
}

static bool same_folded(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (foreign_fold(a[i]) != foreign_fold(b[i]))
            return false;
    return true;
}

static bool matches(const foreign *f, view name)
{
    size_t len = strlen(f->name);
    bool section = f->name[len - 1] == '.';

    return (section ? name.len > len : name.len == len) && same_folded(f->name, name.ptr, len);
}

/* Whether the last part of the name is "enabled". */
static bool is_switch(view name)
{
    size_t len = sizeof switched - 1;

    return name.len > len && foreign_fold(name.ptr[name.len - len - 1]) == '_' &&
           same_folded(switched, name.ptr + name.len - len, len);
}

/* What is switched off needs no support, and neither does what is said of it. */
static bool is_harmless(const foreign *f, view name, view value)
{
    if (view_eq(value, VIEW_LIT("false")))
        return true;
    if (f->harmless == switched)
        return !is_switch(name);
    return f->harmless != NULL &&
           (strcmp(f->harmless, "*") == 0 || view_eq(value, view_of(f->harmless)));
}

static foreign_kind judge(const foreign_table *table, view name, view value)
{
    for (size_t i = 0; i < table->count; i++)
        if (matches(&table->items[i], name))
            return is_harmless(&table->items[i], name, value) ? FOREIGN_HARMLESS
                                                              : FOREIGN_UNSUPPORTED;
    return FOREIGN_UNKNOWN;
}

foreign_kind foreign_option(view name, view value)
{
    static const view prefix = VIEW_LIT(WITHOUT_NAMESPACE);

    if (name.len > prefix.len && same_folded(prefix.ptr, name.ptr, prefix.len))
        return foreign_channel_option(view_skip(name, prefix.len), value);
    return judge(&of_server, name, value);
}

foreign_kind foreign_channel_option(view name, view value)
{
    return judge(&of_channel, name, value);
}

bool foreign_is_section(view name)
{
    for (size_t i = 0; i < of_server.count; i++) {
        view full = view_of(of_server.items[i].name);

        if (full.len > name.len && view_starts_with(full, name) && full.ptr[name.len] == '.')
            return true;
    }
    return false;
}
