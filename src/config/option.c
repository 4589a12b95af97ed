/* SPDX-License-Identifier: MIT */
#include "option.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>

/* The offset of a member, compiled only if the member has the C type that the option type needs. */
#define FIELD(object, member, c_type) \
    offsetof(object, member) + 0 * sizeof(&((object *)0)->member == (c_type *)0)

#define BOOL(member)     .type = OPTION_BOOL, .offset = FIELD(config, member, bool)
#define COUNT(member)    .type = OPTION_COUNT, .offset = FIELD(config, member, uint32_t)
#define SIZE(member)     .type = OPTION_SIZE, .offset = FIELD(config, member, uint64_t)
#define DURATION(member) .type = OPTION_DURATION, .offset = FIELD(config, member, uint64_t)
#define STRING(member)   .type = OPTION_STRING, .offset = FIELD(config, member, view)
#define ADDRESS(member)  .type = OPTION_ADDRESS, .offset = FIELD(config, member, view)
#define PATH(member)     .type = OPTION_PATH, .offset = FIELD(config, member, view)
#define TEXT(member)     .type = OPTION_TEXT, .offset = FIELD(config, member, view)
#define STRINGS(member)  .type = OPTION_STRINGS, .offset = FIELD(config, member, config_strings)
#define NAMESPACES(member) \
    .type = OPTION_NAMESPACES, .offset = FIELD(config, member, config_namespaces)
#define CHOICE(member) .type = OPTION_CHOICE, .offset = offsetof(config, member)

static_assert(sizeof(log_level) == sizeof(uint32_t), "a choice is stored as a uint32_t");
static_assert(sizeof(api_error_mode) == sizeof(uint32_t), "a choice is stored as a uint32_t");
static_assert(sizeof(conflate_mode) == sizeof(uint32_t), "a choice is stored as a uint32_t");
static_assert(sizeof(io_uring_mode) == sizeof(uint32_t), "a choice is stored as a uint32_t");
static_assert(sizeof(recovery_mode) == sizeof(uint32_t), "a choice is stored as a uint32_t");

#define AT_START .at_start = true

/* The first part of a name is its section in --help: keep those of one section together. */
static const option server_items[] = {
    {"config", STRING(file), "", "YAML or JSON file with more options", .letter = 'c',
     .flag_only = true},
    {"help", BOOL(help), "false", "print this text", .letter = 'h', .flag_only = true},
    {"version", BOOL(version), "false", "print the version", .letter = 'v', .flag_only = true},
    {"workers", COUNT(workers), "0", "threads that serve connections; 0 = one per usable CPU",
     .max = 1024, AT_START},
    {"demo", BOOL(demo), "false", "publish this machine's figures and show them at /", AT_START},

    {"http_server.address", ADDRESS(http_server.address), "",
     "address to listen on; empty = all, IPv4 and IPv6", .flag = "address", .letter = 'a',
     AT_START},
    {"http_server.port", COUNT(http_server.port), "8000", "port to listen on; 0 = any free one",
     .max = 65535, .flag = "port", .letter = 'p', AT_START},
    {"http_server.internal_address", ADDRESS(http_server.internal_address), "",
     "address for API, metrics and health; empty = as the other", AT_START},
    {"http_server.internal_port", COUNT(http_server.internal_port), "",
     "port for API, metrics and health; empty = as the other", .max = 65535, AT_START},

    {"log.level", CHOICE(log.level), "info", "least important lines to log",
     .choices = {"trace", "debug", "info", "warn", "error", "fatal", "none"}},

    {"shutdown.timeout", DURATION(shutdown.timeout_ms), "30s",
     "how long closing all connections may take"},

    {"client.insecure", BOOL(client.insecure), "false",
     "clients need no token and may do everything; for development"},
    {"client.insecure_skip_token_signature_verify",
     BOOL(client.insecure_skip_token_signature_verify), "false",
     "believe every token; for development"},
    {"client.allow_anonymous_connect_without_token",
     BOOL(client.allow_anonymous_connect_without_token), "false",
     "clients without token connect with an empty user id"},
    {"client.disallow_anonymous_connection_tokens",
     BOOL(client.disallow_anonymous_connection_tokens), "false",
     "refuse connection tokens without a user id"},
    {"client.token.hmac_secret_key", STRING(client.token.hmac_secret_key), "",
     "key of HS256, HS384 and HS512"},
    {"client.token.hmac_previous_secret_key", STRING(client.token.hmac_previous_secret_key), "",
     "a second such key, on its way out"},
    {"client.token.hmac_previous_secret_key_valid_until",
     COUNT(client.token.hmac_previous_secret_key_valid_until_s), "0",
     "when that one ends, in seconds since 1970; 0 = never"},
    {"client.token.rsa_public_key", TEXT(client.token.rsa_public_key), "",
     "key of RS256, RS384 and RS512, in PEM"},
    {"client.token.ecdsa_public_key", TEXT(client.token.ecdsa_public_key), "",
     "key of ES256, ES384 or ES512, in PEM"},
    {"client.token.audience", STRING(client.token.audience), "",
     "must be among the audiences of a token; empty = any"},
    {"client.token.issuer", STRING(client.token.issuer), "",
     "must be the issuer of a token; empty = any"},
    {"client.token.user_id_claim", STRING(client.token.user_id_claim), "",
     "claim with the user id; empty = sub"},
    {"client.subscription_token.enabled", BOOL(client.subscription_token.enabled), "false",
     "judge subscription tokens by the next lines, not by client.token"},
    {"client.subscription_token.hmac_secret_key",
     STRING(client.subscription_token.keys.hmac_secret_key), "", "key of HS256, HS384 and HS512"},
    {"client.subscription_token.hmac_previous_secret_key",
     STRING(client.subscription_token.keys.hmac_previous_secret_key), "",
     "a second such key, on its way out"},
    {"client.subscription_token.hmac_previous_secret_key_valid_until",
     COUNT(client.subscription_token.keys.hmac_previous_secret_key_valid_until_s), "0",
     "when that one ends, in seconds since 1970; 0 = never"},
    {"client.subscription_token.rsa_public_key",
     TEXT(client.subscription_token.keys.rsa_public_key), "",
     "key of RS256, RS384 and RS512, in PEM"},
    {"client.subscription_token.ecdsa_public_key",
     TEXT(client.subscription_token.keys.ecdsa_public_key), "",
     "key of ES256, ES384 or ES512, in PEM"},
    {"client.subscription_token.audience", STRING(client.subscription_token.keys.audience), "",
     "must be among the audiences of a token; empty = any"},
    {"client.subscription_token.issuer", STRING(client.subscription_token.keys.issuer), "",
     "must be the issuer of a token; empty = any"},
    {"client.subscription_token.user_id_claim",
     STRING(client.subscription_token.keys.user_id_claim), "",
     "claim with the user id; empty = sub"},
    {"client.subscribe_to_user_personal_channel.enabled",
     BOOL(client.subscribe_to_user_personal_channel.enabled), "false",
     "subscribe each connection with a user id to #USER"},
    {"client.subscribe_to_user_personal_channel.personal_channel_namespace",
     STRING(client.subscribe_to_user_personal_channel.personal_channel_namespace), "",
     "in this namespace; empty = none"},
    {"client.subscribe_to_user_personal_channel.single_connection",
     BOOL(client.subscribe_to_user_personal_channel.single_connection), "false",
     "and close the user's other connections"},
    {"client.expired_close_delay", DURATION(client.expired_close_delay_ms), "25s",
     "how long a connection may outlive its token, to be refreshed"},
    {"client.expired_sub_close_delay", DURATION(client.expired_sub_close_delay_ms), "25s",
     "the same of a subscription"},
    {"client.allowed_origins", STRINGS(client.allowed_origins), "",
     "origins of pages that may connect, * as wildcard; empty = only clients that send none"},
    {"client.user_id_http_header", STRING(client.user_id_http_header), "",
     "request header with the user id, set by a proxy in front; empty = none"},
    {"client.channel_limit", COUNT(client.channel_limit), "128", "channels of one connection",
     .min = 1},
    {"client.queue_max_size", SIZE(client.queue_max_size_bytes), "1048576",
     "bytes waiting for one connection before it is closed as slow", .min = 1, AT_START},
    {"client.connection_limit", COUNT(client.connection_limit), "0", "open connections; 0 = any"},
    {"client.connection_rate_limit", COUNT(client.connection_rate_limit), "0",
     "new connections per second; 0 = any"},
    {"client.ping_interval", DURATION(client.ping_interval_ms), "25s",
     "time between pings to a client; 0 = none"},
    {"client.pong_timeout", DURATION(client.pong_timeout_ms), "8s",
     "time to answer a ping, less than the interval; 0 = any"},
    {"client.stale_close_delay", DURATION(client.stale_close_delay_ms), "10s",
     "time to send the connect command; 0 = any"},
    {"client.connect_include_server_time", BOOL(client.connect_include_server_time), "false",
     "tell clients the server's time as they connect"},

    {"client.channel_position_check_delay", DURATION(client.channel_position_check_delay_ms), "40s",
     "how often subscribers are checked for having missed something; 0 = never", AT_START},
    {"client.history_max_publication_limit", COUNT(client.history_max_publication_limit), "300",
     "publications in one answer to a client; 0 = any"},
    {"client.recovery_max_publication_limit", COUNT(client.recovery_max_publication_limit), "300",
     "publications that a client can recover at once; 0 = any"},

    {"websocket.handler_prefix", PATH(websocket.handler_prefix), "/connection/websocket",
     "path of the WebSocket endpoint", AT_START},
    {"websocket.message_size_limit", SIZE(websocket.message_size_limit_bytes), "65536",
     "bytes of one message from a client", .min = 1, .max = UINT32_MAX},
    {"websocket.write_timeout", DURATION(websocket.write_timeout_ms), "1s",
     "how long a client may take none of what is written to it; 0 = any time"},

    {"delivery.flush_interval", DURATION(delivery.flush_interval_ms), "0s",
     "publications are gathered for at most this long; 0 = sent at once", .max = 60000},
    {"delivery.io_uring", CHOICE(delivery.io_uring), "auto",
     "write to many clients in one system call; auto = where the system lets us",
     .choices = {"auto", "on", "off"}, AT_START},

    {"http_api.key", STRING(http_api.key), "", "key of the server API; empty = nobody has one"},
    {"http_api.insecure", BOOL(http_api.insecure), "false",
     "the server API needs no key; for development"},
    {"http_api.external", BOOL(http_api.external), "false",
     "the server API stays on the public port when there is an internal one", AT_START},
    {"http_api.disabled", BOOL(http_api.disabled), "false", "no server API", AT_START},
    {"http_api.handler_prefix", PATH(http_api.handler_prefix), "/api", "path of the server API",
     AT_START},
    {"http_api.error_mode", CHOICE(http_api.error_mode), "",
     "where API errors show: empty = in the body, transport = in the HTTP status too",
     .choices = {"", "transport"}},
    {"http_api.max_body_size", SIZE(http_api.max_body_size_bytes), "16MiB",
     "bytes of one API request", .min = 1, .max = UINT32_MAX},

    {"health.enabled", BOOL(health.enabled), "false", "answer health checks", AT_START},
    {"health.handler_prefix", PATH(health.handler_prefix), "/health", "path of health checks",
     AT_START},

    {"prometheus.enabled", BOOL(prometheus.enabled), "false", "publish metrics for Prometheus",
     AT_START},
    {"prometheus.handler_prefix", PATH(prometheus.handler_prefix), "/metrics",
     "path of the metrics", AT_START},

    {"memory.history_max_bytes", SIZE(memory.history_max_bytes), "256MiB",
     "what channels may remember together; the least recently published to forget; 0 = any",
     AT_START},

    {"channel.max_length", COUNT(channel.max_length), "255", "bytes of a channel name", .min = 1,
     .max = 65535},
    {"channel.history_meta_ttl", DURATION(channel.history_meta_ttl_ms), "720h",
     "how long an unused channel's position is kept; 0 = for ever"},
    {"channel.namespaces", NAMESPACES(channel.namespaces), "",
     "list of {name, channel options}; a channel belongs to the one named before its first ':'"},
};

#undef BOOL
#undef COUNT
#undef DURATION
#undef STRING
#undef CHOICE
#define BOOL(member) \
#member, .type = OPTION_BOOL, .offset = FIELD(channel_options, member, bool), "false"
#define COUNT(member)    .type = OPTION_COUNT, .offset = FIELD(channel_options, member, uint32_t)
#define DURATION(member) .type = OPTION_DURATION, .offset = FIELD(channel_options, member, uint64_t)
#define STRING(member)   .type = OPTION_STRING, .offset = FIELD(channel_options, member, view)
#define CHOICE(member)   .type = OPTION_CHOICE, .offset = offsetof(channel_options, member)

static const option channel_items[] = {
    {BOOL(presence), "keep who is subscribed"},
    {BOOL(join_leave), "tell of clients that come and go"},
    {BOOL(force_push_join_leave), "tell all subscribers, not only those who ask"},
    {"history_size", COUNT(history_size), "0", "publications kept; 0 = none"},
    {"history_ttl", DURATION(history_ttl_ms), "0s",
     "how long they are kept after the last one; 0 = not"},
    {"history_meta_ttl", DURATION(history_meta_ttl_ms), "0s",
     "how long an unused channel's position is kept; 0 = as channel.history_meta_ttl"},
    {BOOL(force_positioning), "every subscription checks its position"},
    {BOOL(allow_positioning), "clients may ask for that"},
    {BOOL(force_recovery), "every subscription recovers what it missed"},
    {BOOL(allow_recovery), "clients may ask for that"},
    {"force_recovery_mode", CHOICE(force_recovery_mode), "stream",
     "recover everything missed, or the last publication only", .choices = {"stream", "cache"}},
    {BOOL(auto_cache_recover), "in cache mode: the last publication at every subscribe"},
    {"flush_interval", DURATION(flush_interval_ms), "0s",
     "publications are gathered for at most this long; 0 = as delivery.flush_interval",
     .max = 60000},
    {"conflate", CHOICE(conflate), "off",
     "latest = newer publications replace those that a slow client has not taken",
     .choices = {"off", "latest"}},
    {"conflate_key", STRING(conflate_key), "",
     "publication tag: only those of the same value replace one another; empty = all do"},
    {"max_rate", COUNT(max_rate), "0",
     "publications per second to one subscriber, of each key the newest; 0 = any", .max = 1000},
    {BOOL(allow_subscribe_for_client), "clients with a user id may subscribe"},
    {BOOL(allow_subscribe_for_anonymous), "clients without one may, too"},
    {BOOL(allow_user_limited_channels),
     "the users named behind # may subscribe to the channel, nobody else"},
    {BOOL(allow_publish_for_client), "clients with a user id may publish"},
    {BOOL(allow_publish_for_subscriber), "subscribers may publish"},
    {BOOL(allow_publish_for_anonymous), "clients without a user id may publish"},
    {BOOL(allow_presence_for_client), "clients with a user id may ask for presence"},
    {BOOL(allow_presence_for_subscriber), "subscribers may ask for presence"},
    {BOOL(allow_presence_for_anonymous), "clients without a user id may ask for presence"},
    {BOOL(allow_history_for_client), "clients with a user id may ask for history"},
    {BOOL(allow_history_for_subscriber), "subscribers may ask for history"},
    {BOOL(allow_history_for_anonymous), "clients without a user id may ask for history"},
};

const option_table options_of_server = {
    .items = server_items,
    .count = sizeof server_items / sizeof *server_items,
};

const option_table options_of_channel = {
    .items = channel_items,
    .count = sizeof channel_items / sizeof *channel_items,
};

size_t option_count(void)
{
    return options_of_server.count + options_of_channel.count;
}

const option *option_at(size_t at, option_name *name)
{
    bool of_channel = at >= options_of_server.count;
    const option *o = of_channel ? &options_of_channel.items[at - options_of_server.count]
                                 : &options_of_server.items[at];

    (void)snprintf(name->text, sizeof name->text, "%s%s", of_channel ? WITHOUT_NAMESPACE : "",
                   o->name);
    return o;
}

const char *option_value_name(option_type type)
{
    switch (type) {
    case OPTION_BOOL:
        return "";
    case OPTION_COUNT:
        return " NUMBER";
    case OPTION_SIZE:
        return " BYTES";
    case OPTION_DURATION:
        return " TIME";
    case OPTION_STRING:
    case OPTION_TEXT:
        return " TEXT";
    case OPTION_ADDRESS:
        return " ADDRESS";
    case OPTION_PATH:
        return " PATH";
    case OPTION_STRINGS:
        return " TEXT,...";
    case OPTION_CHOICE:
        return " WORD";
    case OPTION_NAMESPACES:
        return " JSON";
    }
    return "";
}

view option_section(const option *o)
{
    const char *dot = strchr(o->name, '.');

    return (view){.ptr = o->name, .len = dot == NULL ? 0 : (size_t)(dot - o->name)};
}

void option_write_choices(buf *out, const option *o)
{
    for (size_t i = 0; o->choices[i] != NULL; i++)
        if (*o->choices[i] != '\0')
            buf_printf(out, "%s%s", i == 0 || *o->choices[i - 1] == '\0' ? ": " : ", ",
                       o->choices[i]);
}

static const view without_namespace = VIEW_LIT(WITHOUT_NAMESPACE);

/* A variable is the name in upper case with '_' for '.'. */
static bool same_as_variable(view name, view variable)
{
    if (name.len != variable.len)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        int c = name.ptr[i] == '.' ? '_' : toupper((unsigned char)name.ptr[i]);

        if (c != variable.ptr[i])
            return false;
    }
    return true;
}

static const option *find(const option_table *table, view name, bool same(view, view))
{
    for (size_t i = 0; i < table->count; i++)
        if (same(view_of(table->items[i].name), name))
            return &table->items[i];
    return NULL;
}

static option_ref find_anywhere(config *c, view name, bool same(view, view))
{
    const option *o = find(&options_of_server, name, same);

    if (o != NULL)
        return (option_ref){.option = o, .field = option_field(o, c)};
    if (name.len < without_namespace.len ||
        !same(without_namespace, (view){.ptr = name.ptr, .len = without_namespace.len}))
        return (option_ref){0};
    o = find(&options_of_channel, view_skip(name, without_namespace.len), same);
    if (o == NULL)
        return (option_ref){0};
    return (option_ref){.option = o, .field = option_field(o, &c->channel.without_namespace)};
}

const option *option_in(const option_table *table, view name)
{
    return find(table, name, view_eq);
}

option_ref option_by_name(config *c, view name)
{
    return find_anywhere(c, name, view_eq);
}

option_ref option_by_variable(config *c, view variable)
{
    return find_anywhere(c, variable, same_as_variable);
}

static bool has_flag(const option *o, view flag, bool is_letter)
{
    if (is_letter)
        return flag.len == 1 && o->letter == flag.ptr[0];
    return o->flag != NULL && view_eq(view_of(o->flag), flag);
}

option_ref option_by_flag(config *c, view flag, bool is_letter)
{
    for (size_t i = 0; i < options_of_server.count; i++) {
        const option *o = &options_of_server.items[i];

        if (has_flag(o, flag, is_letter))
            return (option_ref){.option = o, .field = option_field(o, c)};
    }
    return is_letter ? (option_ref){0} : option_by_name(c, flag);
}

static bool within(view name, view section)
{
    return name.len > section.len && view_starts_with(name, section) &&
           name.ptr[section.len] == '.';
}

bool option_is_section(view name)
{
    for (size_t i = 0; i < options_of_server.count; i++)
        if (within(view_of(options_of_server.items[i].name), name))
            return true;
    return within(without_namespace, name);
}
