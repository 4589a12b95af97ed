/* SPDX-License-Identifier: MIT */
/*
 * Reading the configuration again while the server runs.
 *
 * The new one is published, and every worker is told. A worker keeps nothing of a configuration from
 * one event to the next, and is told in an event of its own; so once all of them have been, nobody
 * has a pointer into the old one and it is freed. That is a grace period in which each worker is its
 * own reader.
 *
 * What is read once, at the start, stays as it was: see config_list_waiting().
 */
#include "server_internal.h"

static void free_config(const server *s, const config *c, client_tokens *tokens)
{
    client_tokens_free(tokens);
    if (c != s->cfg)
        config_free((config *)c); /* ours since read_again(); const for those who read it */
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

/* NULL: reported. */
static client_tokens *read_keys_again(const config *c)
{
    buf error = {0};
    client_tokens *tokens = client_tokens_new(c, &error);

    log_lines(LOG_LEVEL_ERROR, &error);
    buf_fini(&error);
    return tokens;
}

/* NULL: the old one stays in force, and the log says why. */
static config *read_again(const server_sources *from, client_tokens **tokens)
{
    config *c = NULL;
    config_report report = {0};
    config_result result = config_load(from->argc, from->argv, from->envp, &c, &report);

    log_lines(LOG_LEVEL_WARN, &report.warnings);
    log_lines(LOG_LEVEL_ERROR, &report.errors);
    config_report_fini(&report);
    if (result == CONFIG_OK && (*tokens = read_keys_again(c)) != NULL)
        return c;
    config_free(c);
    return NULL;
}

static void log_waiting(const server *s)
{
    buf names = {0};

    config_list_waiting(s->cfg, s->live, &names);
    if (names.len != 0)
        log_warn("SERVER-RELOAD", "needs_restart=%s", log_quote(buf_view(&names)).text);
    buf_fini(&names);
}

static void publish(server *s, const config *next, client_tokens *tokens)
{
    s->previous = s->live;
    s->previous_tokens = s->live_tokens;
    s->live = next;
    s->live_tokens = tokens;
    log_set_level(next->log.level);
    /*
     * ORDER  the configuration, and x_tokens -> x_live.
     * PAIRS  acquire in configure() of a worker.
     * ELSE   a worker reads options that are not written yet.
     */
    atomic_store_explicit(&s->house.x_tokens, tokens, memory_order_relaxed);
    atomic_store_explicit(&s->house.x_live, next, memory_order_release);
    atomic_store_explicit(&s->x_configured, 0, memory_order_relaxed); /* all have answered before */
    server_each_worker(s, net_worker_configure);
}

void reload(server *s)
{
    metrics *m = hub_metrics_outside(s->house.hub);
    client_tokens *tokens = NULL;
    config *next;

    if (s->stopping)
        return;
    s->reload_again = s->previous != NULL;
    if (s->reload_again)
        return; /* on_configured() comes back to it */
    next = read_again(s->sources, &tokens);
    if (next == NULL) {
        count(&m->x_config_reload_errors);
        log_error("SERVER-RELOAD", "refused=\"the configuration stays as it was\"");
        return;
    }
    publish(s, next, tokens);
    count(&m->x_config_reloads);
    log_waiting(s);
    log_info("SERVER-RELOAD", "namespaces=%zu", next->channel.namespaces.count);
}

void reload_on_worker_configured(void *arg, const config *cfg)
{
    server *s = arg;

    api_configure_here(cfg);

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
    free_config(s, s->previous, s->previous_tokens);
    s->previous = NULL;
    s->previous_tokens = NULL;
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
    if (s->previous != NULL)
        free_config(s, s->previous, s->previous_tokens);
    free_config(s, s->live, s->live_tokens);
}
