/* SPDX-License-Identifier: MIT */
/*
 * Counters. Every worker has a block of its own and is its only writer, so that counting is a plain
 * add on a line nobody else writes; readers add the blocks up.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "buf.h"

/* X(name, type, help): type is `counter` or `gauge` as in the Prometheus text format. */
#define METRICS_MAP(X)                                                                  \
    X(connections_accepted, counter, "TCP connections accepted")                        \
    X(connections_refused, counter, "Connections refused because a limit was reached")  \
    X(accept_errors, counter, "Failed accepts")                                         \
    X(num_connections, gauge, "Open TCP connections")                                   \
    X(num_clients, gauge, "Connected clients")                                          \
    X(num_anonymous, gauge, "Connected clients without a user id")                      \
    X(num_subscriptions, gauge, "Subscriptions of all clients")                         \
    X(num_channels, gauge, "Channels with subscribers")                                 \
    X(history_bytes, gauge, "Memory of what channels remember")                         \
    X(history_publications, gauge, "Publications kept")                                 \
    X(history_streams, gauge, "Channels with a position")                               \
    X(history_trimmed, counter, "Publications that gave way for want of room")          \
    X(recovered, counter, "Subscriptions that recovered what they had missed")          \
    X(unrecovered, counter, "Subscriptions that could not")                             \
    X(insufficient_state, counter, "Subscriptions ended because they missed something") \
    X(handshakes_refused, counter, "WebSocket handshakes refused")                      \
    X(http_requests, counter, "HTTP requests answered")                                 \
    X(http_errors, counter, "HTTP requests answered with a status from 400 on")         \
    X(messages_received, counter, "WebSocket messages received")                        \
    X(commands, counter, "Client commands handled")                                     \
    X(reply_errors, counter, "Client commands answered with an error")                  \
    X(publications, counter, "Publications accepted")                                   \
    X(deliveries, counter, "Publications written to a connection")                      \
    X(conflated_total, counter, "Publications that newer ones replaced")                \
    X(bytes_sent, counter, "Bytes written to clients")                                  \
    X(write_calls, counter, "Sends to clients (io_uring: many in a system call)")       \
    X(io_uring_workers, gauge, "Workers that write to clients through io_uring")        \
    X(pings, counter, "Pings sent to clients")                                          \
    X(disconnects, counter, "Clients disconnected by the server")                       \
    X(unsubscribes, counter, "Subscriptions ended by the server")                       \
    X(slow_disconnects, counter, "Clients disconnected because they were slow")         \
    X(protocol_errors, counter, "Connections closed for breaking a protocol")           \
    X(out_of_memory, counter, "Operations given up for want of memory")                 \
    X(config_reloads, counter, "Configurations that took effect while the server ran")  \
    X(config_reload_errors, counter, "Configurations that were refused while it ran")   \
    X(loop_lag_us, gauge, "Longest turn of an event loop in the last second, in microseconds")

typedef struct metrics {
#define X(name, type, help) _Atomic(uint64_t) x_##name;
    METRICS_MAP(X)
#undef X
} metrics;

/* Owner only. relaxed: statistics, read for display only; a plain add, no locked instruction. */
static inline void metric_add(_Atomic(uint64_t) *counter, uint64_t count)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + count,
                          memory_order_relaxed);
}

static inline void metric_sub(_Atomic(uint64_t) *gauge, uint64_t count)
{
    metric_add(gauge, 0 - count);
}

/* Any thread: adds the block `from` to `sum`, which nobody else uses; of loop_lag_us it keeps the
 * longest. */
void metrics_sum(metrics *sum, const metrics *from);

/* Appends the Prometheus text exposition format, version 0.0.4, names prefixed "gracecast_". */
void metrics_write_prometheus(buf *out, const metrics *sum);

/* Appends a JSON object {"name":number,...}. */
void metrics_write_json(buf *out, const metrics *sum);

#endif
