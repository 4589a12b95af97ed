/* SPDX-License-Identifier: MIT */
/*
 * Reading the configuration again while the server runs.
 *
 * The new one is published with the keys it names, and every worker is told. A worker keeps nothing of a configuration from
 * one event to the next, and is told in an event of its own; so once all of them have been, nobody
 * has a pointer into the old one and it is freed. That is a grace period in which each worker is its
 * own reader.
 *
 * What is read once, at the start, stays as it was: see config_list_waiting().
 */
#include <stdlib.h>

#include "server_internal.h"

static void rules_free(const server *s, const net_rules *rules)
{
    net_rules *r = (net_rules *)rules; /* ours since rules_new(); const for those who go by them */

    if (r == NULL)
        return;
    client_tokens_fini(&r->tokens);
    if (r->cfg != s->cfg)
        config_free((config *)r->cfg); /* ours since read_again() */
    free(r);
}

/* Takes over cfg on success. NULL: a key is no good, or out of memory; the log says so. */
static net_rules *rules_new(const config *cfg)
{
    net_rules *r = calloc(1, sizeof *r);
    buf error = {0};

    if (r != NULL && client_tokens_init(&r->tokens, cfg, &error)) {
        r->cfg = cfg;
        return r;
    }
    log_error("SERVER-KEYS", "error=%s", log_quote(buf_view(&error)).text);
    buf_fini(&error);
    free(r);
    return NULL;
}

bool rules_start(server *s)
{
    s->rules = rules_new(s->cfg);
    return s->rules != NULL;
}

static void count(_Atomic(uint64_t) *counter)
{
    /* relaxed: a statistic */
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* Every line of a report as a line of the log. */
static void log_lines(log_level level, const buf *lines)
{
    view rest = buf_view(lines);

    while (rest.len != 0) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.ptr);

        log_write(level, "SERVER-RELOAD", "problem=%s", log_quote((view){rest.ptr, len}).text);
        rest = view_skip(rest, end == NULL ? len : len + 1);
    }
}

/* NULL: the old ones stay in force, and the log says why. */
static net_rules *read_again(const server_sources *from)
{
    config *c = NULL;
    net_rules *rules = NULL;
    config_report report = {0};
    config_result result = config_load(from->argc, from->argv, from->envp, &c, &report);

    log_lines(LOG_LEVEL_WARN, &report.warnings);
    log_lines(LOG_LEVEL_ERROR, &report.errors);
    config_report_fini(&report);
    if (result == CONFIG_OK)
        rules = rules_new(c);
    if (rules == NULL)
        config_free(c);
    return rules;
}

static void log_waiting(const server *s)
{
    buf names = {0};

    config_list_waiting(s->cfg, s->rules->cfg, &names);
    if (names.len != 0)
        log_warn("SERVER-RELOAD", "needs_restart=%s", log_quote(buf_view(&names)).text);
    buf_fini(&names);
}

static void publish(server *s, const net_rules *next)
{
    s->previous = s->rules;
    s->rules = next;
    log_set_level(next->cfg->log.level);
    /*
     * ORDER  the rules -> x_rules.
     * PAIRS  acquire in configure() of a worker.
     * ELSE   a worker reads options that are not written yet.
     */
    atomic_store_explicit(&s->house.x_rules, next, memory_order_release);
    atomic_store_explicit(&s->x_configured, 0, memory_order_relaxed); /* all have answered before */
    server_each_worker(s, net_worker_configure);
}

void reload(server *s)
{
    metrics *m = hub_metrics_outside(s->house.hub);
    net_rules *next;

    if (s->stopping)
        return;
    s->reload_again = s->previous != NULL;
    if (s->reload_again)
        return; /* on_configured() comes back to it */
    next = read_again(s->sources);
    if (next == NULL) {
        count(&m->x_config_reload_errors);
        log_error("SERVER-RELOAD", "refused=\"the configuration stays as it was\"");
        return;
    }
    publish(s, next);
    count(&m->x_config_reloads);
    log_waiting(s);
    log_info("SERVER-RELOAD", "namespaces=%zu", next->cfg->channel.namespaces.count);
}

void reload_on_worker_configured(void *arg, const net_rules *rules)
{
    server *s = arg;

    api_configure_here(rules->cfg);

    /* PAIRS acquire in on_configured(): the worker's last use of the old one comes before its end */
    atomic_fetch_add_explicit(&s->x_configured, 1, memory_order_release);
    (void)uv_async_send(&s->configured);
}

static void on_configured(uv_async_t *handle)
{
    server *s = handle->data;

    /* PAIRS release in reload_on_worker_configured() */
    if (s->previous == NULL ||
        atomic_load_explicit(&s->x_configured, memory_order_acquire) != s->worker_count)
        return;
    rules_free(s, s->previous);
    s->previous = NULL;
    if (s->reload_again)
        reload(s);
}

bool reload_init(server *s)
{
    s->configured.data = s;
    return uv_async_init(&s->loop, &s->configured, on_configured) == 0;
}

void reload_fini(server *s)
{
    rules_free(s, s->previous);
    rules_free(s, s->rules);
}
