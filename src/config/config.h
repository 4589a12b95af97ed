/* SPDX-License-Identifier: MIT */
/*
 * The configuration: flags, environment and file become one struct that nobody changes afterwards;
 * read again, they become another.
 * All mistakes are found before any is reported, and with a mistake there is no configuration.
 *
 * Members carry the names of the options, with their unit added. Every view has a NUL behind it.
 * Threads: load and free on one thread, read on any.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "log.h"
#include "view.h"

typedef struct config_strings {
    const char **items; /* NULL when count is 0 */
    size_t count;
} config_strings;

typedef enum recovery_mode {
    RECOVERY_STREAM,
    RECOVERY_CACHE,
} recovery_mode;

typedef enum conflate_mode {
    CONFLATE_OFF,
    CONFLATE_LATEST,
} conflate_mode;

typedef enum api_error_mode {
    API_ERROR_IN_BODY,   /* 200 with {"error":...} */
    API_ERROR_TRANSPORT, /* the HTTP status tells */
} api_error_mode;

/* By what tokens are judged. */
typedef struct config_token {
    view hmac_secret_key; /* "" = none; so are the other keys */
    view hmac_previous_secret_key;
    uint32_t hmac_previous_secret_key_valid_until_s; /* since 1970; 0 = for good */
    view rsa_public_key;                             /* PEM */
    view ecdsa_public_key;                           /* PEM */
    view audience;                                   /* "" = any */
    view issuer;                                     /* "" = any */
    view user_id_claim;                              /* "" = sub */
} config_token;

typedef enum io_uring_mode {
    IO_URING_AUTO, /* if it works here */
    IO_URING_ON,   /* or the server does not start */
    IO_URING_OFF,
} io_uring_mode;

/* What the channels of one namespace, or those without one, may do. */
typedef struct channel_options {
    uint64_t flush_interval_ms; /* 0: as delivery.flush_interval */
    conflate_mode conflate;
    view conflate_key; /* a publication tag; "" = all publications have the same key */
    uint32_t
        max_rate; /* publications per second and subscriber; 0 = any; implies CONFLATE_LATEST */
    bool presence;
    bool join_leave;
    bool force_push_join_leave;
    uint32_t history_size;        /* publications */
    uint64_t history_ttl_ms;      /* history is kept if this and the size are above 0 */
    uint64_t history_meta_ttl_ms; /* 0: as channel.history_meta_ttl */
    bool force_positioning;
    bool allow_positioning;
    bool force_recovery;
    bool allow_recovery;
    recovery_mode force_recovery_mode;
    bool auto_cache_recover;
    bool allow_user_limited_channels; /* what follows the last '#' of a name are its users */
    bool allow_subscribe_for_client;
    bool allow_subscribe_for_anonymous;
    bool allow_publish_for_client;
    bool allow_publish_for_subscriber;
    bool allow_publish_for_anonymous;
    bool allow_presence_for_client;
    bool allow_presence_for_subscriber;
    bool allow_presence_for_anonymous;
    bool allow_history_for_client;
    bool allow_history_for_subscriber;
    bool allow_history_for_anonymous;
} channel_options;

typedef struct channel_namespace {
    view name;
    channel_options options;
} channel_namespace;

typedef struct config_namespaces {
    channel_namespace *items; /* sorted by name */
    size_t count;
} config_namespaces;

typedef struct config {
    view file;    /* --config; "" = none */
    bool help;    /* --help */
    bool version; /* --version */

    uint32_t workers; /* 0 = one per usable CPU */
    bool demo;
    struct {
        view address; /* literal address; "" = all, IPv4 and IPv6 */
        uint32_t port;
        view internal_address; /* "" = address */
        uint32_t
            internal_port; /* 0 = port; with both as the others there is no internal listener */
    } http_server;
    struct {
        log_level level;
    } log;
    struct {
        uint64_t timeout_ms;
    } shutdown;
    struct {
        bool insecure;
        bool insecure_skip_token_signature_verify;
        bool allow_anonymous_connect_without_token;
        bool disallow_anonymous_connection_tokens;
        config_token token;
        struct {
            bool enabled; /* else client.token serves */
            config_token keys;
        } subscription_token;
        struct {
            bool enabled;
            view personal_channel_namespace; /* "" = none */
            bool single_connection;
        } subscribe_to_user_personal_channel;
        uint64_t expired_close_delay_ms;
        uint64_t expired_sub_close_delay_ms;
        config_strings allowed_origins; /* globs */
        view user_id_http_header;       /* "" = none */
        uint32_t channel_limit;
        uint64_t queue_max_size_bytes;
        uint32_t connection_limit;      /* 0 = none */
        uint32_t connection_rate_limit; /* new ones in a second; 0 = any */
        uint64_t ping_interval_ms;      /* 0 = no pings */
        uint64_t pong_timeout_ms;       /* below ping_interval_ms; 0 = not waited for */
        uint64_t stale_close_delay_ms;
        bool connect_include_server_time;
        uint64_t channel_position_check_delay_ms; /* 0 = none */
        uint32_t history_max_publication_limit;   /* 0 = any */
        uint32_t recovery_max_publication_limit;  /* 0 = any */
    } client;
    struct {
        uint64_t history_max_bytes; /* 0 = any */
    } memory;
    struct {
        view handler_prefix;
        uint64_t message_size_limit_bytes;
        uint64_t write_timeout_ms;
    } websocket;
    struct {
        uint64_t flush_interval_ms; /* 0: publications are sent at once */
        io_uring_mode io_uring;
    } delivery;
    struct {
        bool disabled;
        bool insecure;
        bool external; /* on the public port even if there is an internal one */
        view key;      /* "" matches nothing */
        view handler_prefix;
        api_error_mode error_mode;
        uint64_t max_body_size_bytes;
    } http_api;
    struct {
        bool enabled;
        view handler_prefix;
    } health;
    struct {
        bool enabled;
        view handler_prefix;
    } prometheus;
    struct {
        uint32_t max_length;          /* bytes */
        uint64_t history_meta_ttl_ms; /* 0 = for ever */
        channel_options without_namespace;
        config_namespaces namespaces;
    } channel;
} config;

/* What there is to say about a configuration, one line each with its '\n'. A zeroed one is empty.
 */
typedef struct config_report {
    buf errors;
    buf warnings;
    size_t error_count;
} config_report;

typedef enum config_result {
    CONFIG_OK,      /* *out is the configuration */
    CONFIG_HELP,    /* --help was asked for: write config_write_help() and stop */
    CONFIG_VERSION, /* --version was asked for */
    CONFIG_INVALID, /* the report says why */
} config_result;

/*
 * Reads everything: flags win over the environment (GRACECAST_ before CENTRIFUGO_), that over the
 * file of --config, that over the defaults.
 *
 *   argv, envp   as given to main(); the result keeps no pointer into them
 *   out          set on CONFIG_OK only; the caller's, to config_free()
 *   report       may have warnings in every case; the caller's, to config_report_fini()
 */
config_result config_load(int argc, char *const *argv, char *const *envp, config **out,
                          config_report *report);

/* Appends the names, with ", " between them, of the options that are read once, at the start, and differ
 * in these two. */
void config_list_waiting(const config *running, const config *next, buf *names);

/* config_free(NULL) is harmless. */
void config_free(config *c);

void config_report_fini(config_report *report);

/* Appends every option with its default and what it does, for --help. */
void config_write_help(buf *out);

/* Appends a file that sets every option to its default, in JSON or, with comments, in YAML. */
void config_write_default(buf *out, bool json);

/* Appends tables of all options in Markdown. */
void config_write_markdown(buf *out);

/*
 * The options of a channel by its namespace, which is what precedes the first ':' (a leading '$',
 * the mark of a private channel, does not count). NULL: there is no such namespace. O(log n) in the
 * number of namespaces; the pointer is good as long as c.
 */
const channel_options *config_channel_options(const config *c, view channel);

/* true: channels with these options keep publications. */
static inline bool config_keeps_history(const channel_options *o)
{
    return o->history_size != 0 && o->history_ttl_ms != 0;
}

/* true: their subscribers get the newest publications and not every one. */
static inline bool config_conflates(const channel_options *o)
{
    return o->conflate == CONFLATE_LATEST || o->max_rate != 0;
}

/* How long an unused channel of these options keeps its position; 0: for ever. */
static inline uint64_t config_history_meta_ttl_ms(const config *c, const channel_options *o)
{
    return o->history_meta_ttl_ms != 0 ? o->history_meta_ttl_ms : c->channel.history_meta_ttl_ms;
}

#endif
