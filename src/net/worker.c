/* SPDX-License-Identifier: MIT */
/* One worker: its thread, its loop, its turns, its stop. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "net_internal.h"

/* ---- turns of the hub ---- */

static void run_turn(net_worker *w);

static void on_flush(uv_timer_t *handle)
{
    net_worker *w = handle->data;

    w->flush_ms = UINT64_MAX;
    run_turn(w);
}

static void set_flush_timer(net_worker *w)
{
    uint64_t due = hub_worker_due_ms(w->hub);
    uint64_t now = worker_now_ms(w);

    if (due == w->flush_ms)
        return;
    w->flush_ms = due;
    if (due == UINT64_MAX)
        (void)uv_timer_stop(&w->flush);
    else
        (void)uv_timer_start(&w->flush, on_flush, due > now ? due - now : 0, 0);
}

static void on_work(uv_idle_t *handle)
{
    run_turn(handle->data);
}

/* The idle handle keeps the loop from sleeping, and gives it a look at its sockets between turns.
 */
static void request_turn(net_worker *w)
{
    if (!uv_is_active((uv_handle_t *)&w->work))
        (void)uv_idle_start(&w->work, on_work);
}

static void run_turn(net_worker *w)
{
    if (hub_worker_turn(w->hub, clock_mono_ms()))
        request_turn(w);
    else
        (void)uv_idle_stop(&w->work);
    set_flush_timer(w);
}

void worker_wake(void *arg)
{
    net_worker *w = arg;

    if (hub_worker_is_here(w->hub))
        request_turn(w); /* no need to go through the kernel */
    else
        (void)uv_async_send(
            &w->wake); /* cannot fail while the handle is open, which stop ensures */
}

/* ---- stopping ---- */

/* The connection whose handle it is; NULL: it is none's, or of one that is gone. */
static net_conn *conn_of_handle(const net_worker *w, const uv_handle_t *handle)
{
    bool alive = handle->type == UV_POLL && handle->data != w && !uv_is_closing(handle);

    return alive ? handle->data : NULL;
}

static void hush_handle(uv_handle_t *handle, void *arg)
{
    net_conn *c = conn_of_handle(arg, handle);

    if (c != NULL)
        conn_hush(c);
}

static void shut_down_handle(uv_handle_t *handle, void *arg)
{
    net_conn *c = conn_of_handle(arg, handle);

    if (c != NULL)
        conn_shut_down(c);
}

static void drop_handle(uv_handle_t *handle, void *arg)
{
    net_conn *c = conn_of_handle(arg, handle);

    if (c != NULL)
        conn_end(c);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* Between two events: no function under way has a pointer into the old configuration. */
static void configure(net_worker *w)
{
    /* PAIRS release of who replaced them */
    const net_rules *rules = atomic_load_explicit(&w->house->x_rules, memory_order_acquire);

    w->desk.cfg = rules->cfg;
    w->desk.tokens = &rules->tokens;
    w->house->on_configured(w->house->arg, rules);
}

static bool step_is_done(const net_worker *w)
{
    switch (w->step) {
    case STEP_NONE:
        return false;
    case STEP_HUSH:
        return w->pending_count == 0; /* what is being answered may publish yet */
    case STEP_SETTLE:
        return true;
    case STEP_STOP:
        return w->conn_count == 0 && w->pending_count == 0 && !hub_worker_waits(w->hub);
    }
    return false;
}

/* At the end of whatever may have completed the step. */
static void report_step(net_worker *w)
{
    if (!step_is_done(w))
        return;
    w->step = STEP_NONE;
    w->house->on_step(w->house->arg);
}

static void hush(net_worker *w)
{
    if (w->stopping)
        return;
    w->stopping = true;
    listener_stop(w);
    uv_walk(&w->loop, hush_handle, w);
}

/* Orders come one at a time: the next after the report. */
static void take_step(net_worker *w, uint32_t orders)
{
    hush(w);
    if ((orders & ORDER_STOP) != 0) {
        hub_worker_settle(w->hub, clock_mono_ms());
        uv_walk(&w->loop, shut_down_handle, w);
        w->step = STEP_STOP;
    } else if ((orders & ORDER_SETTLE) != 0) {
        run_turn(w); /* opens what others posted before they reported the step before */
        w->step = STEP_SETTLE;
    } else {
        w->step = STEP_HUSH;
    }
}

static void obey(net_worker *w)
{
    /* PAIRS release in order(): what was done before the order is seen */
    uint32_t orders = atomic_exchange_explicit(&w->x_orders, 0, memory_order_acquire);

    if ((orders & ORDER_CONFIGURE) != 0)
        configure(w);
    if ((orders & (ORDER_HUSH | ORDER_SETTLE | ORDER_STOP)) != 0)
        take_step(w, orders);
    if ((orders & ORDER_DROP) != 0)
        uv_walk(&w->loop, drop_handle, w);
    if ((orders & ORDER_EXIT) != 0)
        uv_walk(&w->loop, close_handle, NULL);
}

static void order(net_worker *w, uint32_t what)
{
    /* PAIRS acquire in obey() */
    atomic_fetch_or_explicit(&w->x_orders, what, memory_order_release);
    (void)uv_async_send(&w->wake);
}

void net_worker_configure(net_worker *w)
{
    order(w, ORDER_CONFIGURE);
}

void net_worker_hush(net_worker *w)
{
    order(w, ORDER_HUSH);
}

void net_worker_settle(net_worker *w)
{
    order(w, ORDER_SETTLE);
}

void net_worker_stop(net_worker *w)
{
    order(w, ORDER_STOP);
}

void net_worker_drop(net_worker *w)
{
    order(w, ORDER_DROP);
}

void net_worker_exit(net_worker *w)
{
    order(w, ORDER_EXIT);
}

static void on_wake(uv_async_t *handle)
{
    net_worker *w = handle->data;

    obey(w);
    run_turn(w);
    report_step(w);
}

/* ---- time ---- */

static void note_lag(net_worker *w, uint64_t now_ms)
{
    if (now_ms < w->second_ms + 1000)
        return;
    /* relaxed: a figure for display */
    atomic_store_explicit(&worker_metrics(w)->x_loop_lag_us, w->longest_ns / 1000,
                          memory_order_relaxed);
    w->longest_ns = 0;
    w->second_ms = now_ms;
}

static void on_tick(uv_timer_t *handle)
{
    net_worker *w = handle->data;
    uint64_t now = worker_now_ms(w);
    bool late = now > (w->wheel.tick + 10) * TICK_MS;

    note_lag(w, now);
    listener_resume(w);

    /* After a pause (a stopped process, a long turn) the sockets come first: the pongs that
     * deadlines wait for are probably there. */
    if (late && !w->was_late) {
        w->was_late = true;
        return;
    }
    w->was_late = false;
    wheel_advance(&w->wheel, now, conn_on_deadline, w);
    report_step(w);
}

/* Before the loop waits: how long was this turn? */
static void on_before_poll(uv_prepare_t *handle)
{
    net_worker *w = handle->data;
    uint64_t now = uv_hrtime();
    uint64_t idle = uv_metrics_idle_time(&w->loop);
    uint64_t turn = now - w->busy_from_ns - (idle - w->idle_before_ns);

    if (turn > w->longest_ns)
        w->longest_ns = turn;
    w->busy_from_ns = now;
    w->idle_before_ns = idle;
}

/* ---- life ---- */

static bool init_handles(net_worker *w)
{
    if (uv_loop_init(&w->loop) != 0)
        return false;
    if (uv_loop_configure(&w->loop, UV_METRICS_IDLE_TIME) != 0 ||
        uv_async_init(&w->loop, &w->wake, on_wake) != 0)
        return false;
    (void)uv_idle_init(&w->loop, &w->work); /* these four cannot fail */
    (void)uv_timer_init(&w->loop, &w->tick);
    (void)uv_timer_init(&w->loop, &w->flush);
    w->flush_ms = UINT64_MAX;
    (void)uv_prepare_init(&w->loop, &w->before_poll);
    w->wake.data = w->work.data = w->tick.data = w->flush.data = w->before_poll.data = w;
    return uv_timer_start(&w->tick, on_tick, TICK_MS, TICK_MS) == 0 &&
           uv_prepare_start(&w->before_poll, on_before_poll) == 0;
}

static bool init_ring(net_worker *w)
{
    if (!w->house->io_uring)
        return true;
    w->ring = uring_new();
    return w->ring != NULL && hub_worker_write_many(w->hub);
}

net_worker *net_worker_new(net_house *house, unsigned index, const net_listeners *listeners)
{
    const net_rules *rules = atomic_load_explicit(&house->x_rules, memory_order_acquire);
    net_worker *w = calloc(1, sizeof *w);

    if (w == NULL)
        return NULL;
    w->house = house;
    w->listeners = *listeners;
    w->hub = hub_worker_init(house->hub, index, w);
    if (!init_handles(w) || !init_ring(w) ||
        !client_desk_init(&w->desk, rules->cfg, &rules->tokens, house->hub, w->hub, &net_sink) ||
        !listener_start(w)) {
        free(w); /* the process ends: it could not start */
        return NULL;
    }
    wheel_init(&w->wheel, worker_now_ms(w), TICK_MS);
    return w;
}

static void *thread_main(void *arg)
{
    net_worker *w = arg;

    hub_thread_enter(w->house->hub);
    hub_worker_bind(w->hub);
    worker_adopt_ring(w);
    w->busy_from_ns = uv_hrtime();
    (void)uv_run(&w->loop, UV_RUN_DEFAULT); /* until net_worker_exit() closes the last handle */
    (void)mailbox_drain(hub_worker_mailbox(w->hub));
    hub_worker_bind(NULL);
    hub_thread_leave(w->house->hub);
    return NULL;
}

bool net_worker_start(net_worker *w)
{
    sigset_t all;
    sigset_t saved;

    /* Signals are the main thread's: its loop turns them into an orderly stop. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &saved);

    int error = pthread_create(&w->thread, NULL, thread_main, w);

    (void)pthread_sigmask(SIG_SETMASK, &saved, NULL);
    if (error != 0)
        log_error("NET-THREAD", "error=\"%s\"", strerror(error));
    return error == 0;
}

void net_worker_join(net_worker *w)
{
    (void)pthread_join(w->thread, NULL);
    (void)uv_loop_close(&w->loop); /* all handles are closed: uv_run() has returned */
    client_desk_fini(&w->desk);
    uring_free(w->ring);
    while (w->reader_count != 0)
        ws_reader_free(w->readers[--w->reader_count]);
    free(w);
}
