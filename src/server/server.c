/* SPDX-License-Identifier: MIT */
/*
 * The main thread: puts the rooms together, starts the workers, and waits for a signal.
 *
 * Stop, step by step: the demo's publisher ends; every worker closes its listening sockets and
 * takes no more requests; what was published before goes to the subscribers' workers, which send it and
 * say 3001 to their clients; when the last connection of the last worker is gone (or the time is up and
 * the rest was dropped) the workers' loops end, and everything is freed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handshake.h"
#include "server_internal.h"
#include "uring.h"

/* ---- stopping ---- */

void server_each_worker(server *s, void (*fn)(net_worker *w))
{
    for (unsigned i = 0; i < s->worker_count; i++)
        fn(s->workers[i]);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void on_step_async(uv_async_t *handle)
{
    static void (*const steps[])(net_worker * w) = {net_worker_settle, net_worker_stop};
    server *s = handle->data;

    /* PAIRS release in on_worker_step() */
    if (atomic_load_explicit(&s->x_done, memory_order_acquire) != s->worker_count)
        return;
    atomic_store_explicit(&s->x_done, 0,
                          memory_order_relaxed); /* nobody counts before he is told */
    if (s->step == sizeof steps / sizeof *steps)
        uv_walk(&s->loop, close_handle, NULL); /* the loop ends */
    else
        server_each_worker(s, steps[s->step++]);
}

/* On a worker's thread. */
static void on_worker_step(void *arg)
{
    server *s = arg;

    /* PAIRS acquire in on_step_async(): all that the worker did and posted comes before the next step of the
     * others, and before the end */
    atomic_fetch_add_explicit(&s->x_done, 1, memory_order_release);
    (void)uv_async_send(&s->stepped);
}

static void on_deadline(uv_timer_t *timer)
{
    server *s = timer->data;

    log_warn("SERVER-STOP-LATE", "dropping=%u",
             /* relaxed: a figure for display */
             atomic_load_explicit(&s->house.x_connections, memory_order_relaxed));
    server_each_worker(s, net_worker_drop);
}

static void stop(server *s)
{
    uint64_t timeout = s->rules->cfg->shutdown.timeout_ms;

    s->stopping = true;
    if (s->cfg->demo)
        publisher_stop(&s->publisher);
    server_each_worker(s, net_worker_hush);
    /* a second is kept for what comes after the last connection */
    (void)uv_timer_start(&s->deadline, on_deadline, timeout > 2000 ? timeout - 1000 : timeout / 2,
                         0);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    server *s = handle->data;

    if (signum == SIGHUP) {
        reload(s);
        return;
    }
    if (s->stopping) {
        log_warn("SERVER-KILLED", "signal=%d", signum);
        _exit(1);
    }
    log_info("SERVER-STOP", "signal=%d connections=%u", signum,
             /* relaxed: a figure for display */
             atomic_load_explicit(&s->house.x_connections, memory_order_relaxed));
    stop(s);
}

/* ---- starting ---- */

static bool init_loop(server *s)
{
    static const int watched[] = {SIGTERM, SIGINT, SIGHUP};

    if (uv_loop_init(&s->loop) != 0 || uv_async_init(&s->loop, &s->stepped, on_step_async) != 0 ||
        !reload_init(s))
        return false;
    (void)uv_timer_init(&s->loop, &s->deadline); /* cannot fail */
    s->stepped.data = s->deadline.data = s;
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        if (uv_signal_init(&s->loop, &s->signals[i]) != 0 ||
            uv_signal_start(&s->signals[i], on_signal, watched[i]) != 0)
            return false;
        s->signals[i].data = s;
    }
    return true;
}

static bool open_house(server *s)
{
    hub_opts opts = {.workers = s->worker_count,
                     .queue_max_bytes = s->cfg->client.queue_max_size_bytes,
                     .history_max_bytes = s->cfg->memory.history_max_bytes,
                     .position_check_ms = s->cfg->client.channel_position_check_delay_ms,
                     .sink = &net_sink};
    hub *h = hub_new(&opts);

    if (h == NULL)
        return false;
    api_init(&s->api, s->cfg, h);
    s->pages = (pages){.cfg = s->cfg, .hub = h};
    s->house.cfg = s->cfg;
    atomic_init(&s->house.x_rules, s->rules);
    s->house.hub = h;
    s->house.routes = (http_routes){s->routes, pages_routes(&s->pages, &s->api, false, s->routes)};
    s->house.internal =
        (http_routes){s->internal, pages_routes(&s->pages, &s->api, true, s->internal)};
    s->house.on_step = on_worker_step;
    s->house.on_configured = reload_on_worker_configured;
    s->house.arg = s;
    return true;
}

static bool make_workers(server *s)
{
    s->workers = calloc(s->worker_count, sizeof(net_worker *));
    if (s->workers == NULL)
        return false;
    for (unsigned i = 0; i < s->worker_count; i++) {
        s->workers[i] = net_worker_new(&s->house, i, &s->listeners[i]);
        if (s->workers[i] == NULL)
            return false;
    }
    return true;
}

static bool start_threads(server *s)
{
    for (unsigned i = 0; i < s->worker_count; i++) {
        if (!net_worker_start(s->workers[i]))
            return false;
    }
    return true;
}

static bool listen_on(server *s, net_address *where)
{
    char error[256];

    if (net_listen(where, s->worker_count, s->listeners, error, sizeof error))
        return true;
    log_error("SERVER-LISTEN", "error=%s", log_quote(view_of(error)).text);
    return false;
}

/* How do workers write? false: as we were told to is impossible. */
static bool choose_writes(server *s)
{
    io_uring_mode mode = s->cfg->delivery.io_uring;
    const char *problem = mode == IO_URING_OFF ? "off" : uring_problem();

    s->house.io_uring = problem == NULL;
    if (problem != NULL && mode == IO_URING_ON) {
        log_error("SERVER-IO-URING", "error=%s", log_quote(view_of(problem)).text);
        return false;
    }
    if (problem != NULL && mode == IO_URING_AUTO)
        log_info("SERVER-IO-URING", "used=no reason=%s", log_quote(view_of(problem)).text);
    return true;
}

static bool listen_all(server *s)
{
    const config *cfg = s->cfg;
    view internal = cfg->http_server.internal_address;

    s->listeners = calloc(s->worker_count, sizeof *s->listeners);
    if (s->listeners == NULL)
        return false;
    s->address = (net_address){cfg->http_server.address, cfg->http_server.port, false};
    if (!listen_on(s, &s->address))
        return false;
    if (!pages_has_internal(cfg))
        return true;
    s->internal_address = (net_address){
        .address = internal.len != 0 ? internal : cfg->http_server.address,
        .port =
            cfg->http_server.internal_port != 0 ? cfg->http_server.internal_port : s->address.port,
        .internal = true,
    };
    return listen_on(s, &s->internal_address);
}

static void log_start(const server *s)
{
    char internal[32] = "";

    if (s->internal_address.port != 0)
        (void)snprintf(internal, sizeof internal, " internal_port=%u", s->internal_address.port);
    log_info("SERVER-START",
             "version=" GRACECAST_VERSION " port=%u%s workers=%u max_connections=%u io_uring=%s",
             s->address.port, internal, s->worker_count, s->house.max_connections,
             s->house.io_uring ? "yes" : "no");
}

static bool start(server *s)
{
    s->worker_count = s->cfg->workers != 0 ? s->cfg->workers : limits_cpu_count();
    s->house.max_connections = limits_raise_descriptors(s->worker_count);
    if (s->house.max_connections == 0) {
        log_error("SERVER-LIMITS", "error=\"the descriptor limit leaves no room for connections\"");
        return false;
    }
    if (!choose_writes(s) || !rules_start(s) || !listen_all(s))
        return false;
    if (!handshake_setup()) {
        log_error("SERVER-START", "error=\"libcrypto has no SHA-1\"");
        return false;
    }
    if (!init_loop(s) || !open_house(s) || !make_workers(s) || !start_threads(s)) {
        log_error("SERVER-START", "error=\"out of memory or descriptors\"");
        return false;
    }
    memory_keeper_start(&s->memory, &s->loop, &s->house.x_connections);
    hub_thread_enter(s->house.hub);
    if (s->cfg->demo && !publisher_start(&s->publisher, &s->loop, s->house.hub)) {
        log_error("DEMO-START", "error=\"out of memory\"");
        return false;
    }
    log_start(s);
    return true;
}

static void finish(server *s)
{
    /* The last connection's release has woken its worker, but liburcu's thread may still be on its way
     * out of that call: it must not find the worker gone. */
    hub_barrier(s->house.hub);
    server_each_worker(s, net_worker_exit);
    server_each_worker(s, net_worker_join);
    publisher_free(&s->publisher);
    hub_thread_leave(s->house.hub);
    hub_free(s->house.hub);
    reload_fini(s);
    (void)uv_loop_close(&s->loop);
    free(s->workers);
    free(s->listeners);
}

int server_run(const config *cfg, const server_sources *sources)
{
    server *s = calloc(1, sizeof *s);

    log_set_level(cfg->log.level);
    (void)signal(SIGPIPE, SIG_IGN); /* writes report it */
    memory_setup();
    if (s == NULL)
        return 1;
    s->cfg = cfg;
    s->sources = sources;
    if (!start(s))
        _exit(1); /* threads that were started may use what a return would free */
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    finish(s);
    log_info("SERVER-END", "%s", "status=0");
    free(s);
    return 0;
}
