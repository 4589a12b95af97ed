/* SPDX-License-Identifier: MIT */
/* The demo's publisher: this machine's figures, ten times a second, as any backend would publish.
 */
#include "clock.h"
#include "server_internal.h"

enum { INTERVAL_MS = 100 };

static demo_server_figures figures_of(hub *h)
{
    metrics sum = {0};

    hub_metrics(h, &sum);
    return (demo_server_figures){
        /* relaxed: figures for display */
        .connections = atomic_load_explicit(&sum.x_num_clients, memory_order_relaxed),
        .subscriptions = atomic_load_explicit(&sum.x_num_subscriptions, memory_order_relaxed),
        .deliveries = atomic_load_explicit(&sum.x_deliveries, memory_order_relaxed),
        .publications = atomic_load_explicit(&sum.x_publications, memory_order_relaxed),
        .bytes = atomic_load_explicit(&sum.x_bytes_sent, memory_order_relaxed),
        .loop_lag_us = atomic_load_explicit(&sum.x_loop_lag_us, memory_order_relaxed),
    };
}

static void on_timer(uv_timer_t *timer)
{
    publisher *p = timer->data;
    demo_server_figures figures = figures_of(p->hub);

    demo_sample(p->sampler, clock_wall_ms(), &figures);
    for (size_t i = 0; i < DEMO_CHANNEL_COUNT; i++) {
        buf_reset(&p->payload);
        demo_channels[i].write(p->sampler, &p->payload);
        /* out of memory: the next sample comes soon */
        if (!p->payload.failed)
            (void)hub_publish(p->hub, demo_channels[i].name,
                              &(publication){.data = buf_view(&p->payload)});
    }
}

bool publisher_start(publisher *p, uv_loop_t *loop, hub *h)
{
    *p = (publisher){.hub = h, .sampler = demo_sampler_new("/proc")};
    if (p->sampler == NULL)
        return false;
    (void)uv_timer_init(loop, &p->timer); /* cannot fail */
    p->timer.data = p;
    return uv_timer_start(&p->timer, on_timer, 0, INTERVAL_MS) == 0;
}

void publisher_stop(publisher *p)
{
    if (p->sampler != NULL)
        uv_close((uv_handle_t *)&p->timer, NULL);
}

void publisher_free(publisher *p)
{
    demo_sampler_free(p->sampler);
    buf_fini(&p->payload);
}
