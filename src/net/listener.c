/* SPDX-License-Identifier: MIT */
/* Listening sockets: opening them, and accepting without ever spinning. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net_internal.h"

enum { ENDPOINTS = 2, BACKLOG = 4096, ACCEPTS_PER_TURN = 64, LOG_EVERY_MS = 5000 };

/* ---- opening ---- */

typedef struct endpoint {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } addr;
    socklen_t len;
} endpoint;

static in_port_t *port_of(endpoint *e)
{
    return e->addr.any.sa_family == AF_INET6 ? &e->addr.v6.sin6_port : &e->addr.v4.sin_port;
}

/* The port that the kernel chose. */
static uint32_t bound_port(int fd)
{
    endpoint e = {.len = sizeof e.addr};

    if (getsockname(fd, &e.addr.any, &e.len) != 0)
        return 0;
    return ntohs(*port_of(&e));
}

/* The addresses that `address` stands for: one, or both families' "any". 0: not an address. */
static int endpoints_of(view address, endpoint out[ENDPOINTS])
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
    char text[INET6_ADDRSTRLEN] = "";
    int count = 0;

    if (address.len >= sizeof text)
        return 0;
    memcpy(text, address.len == 0 ? "" : address.ptr, address.len);
    if (address.len == 0 || inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        out[count++] = (endpoint){.addr.v4 = v4, .len = sizeof v4};
    if (address.len == 0 || (count == 0 && inet_pton(AF_INET6, text, &v6.sin6_addr) == 1))
        out[count++] = (endpoint){.addr.v6 = v6, .len = sizeof v6};
    return count;
}

static bool set_option(int fd, int level, int option)
{
    int on = 1;

    return setsockopt(fd, level, option, &on, sizeof on) == 0;
}

/* A bound socket; -1 with errno. TCP_NODELAY passes on to what is accepted: a flush is a whole
 * message, waiting for more would only delay it. */
static int bind_socket(const endpoint *e, bool shared)
{
    int fd = socket(e->addr.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool v6 = e->addr.any.sa_family == AF_INET6;

    if (fd < 0)
        return -1;
    if (set_option(fd, SOL_SOCKET, SO_REUSEADDR) &&
        (!shared || set_option(fd, SOL_SOCKET, SO_REUSEPORT)) &&
        (!v6 || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY)) &&
        set_option(fd, IPPROTO_TCP, TCP_NODELAY) && bind(fd, &e->addr.any, e->len) == 0)
        return fd;

    int error = errno;

    (void)close(fd);
    errno = error;
    return -1;
}

/* SO_REUSEPORT would let a second server of the same user share a busy port in silence; a socket
 * without it tells whether anybody is there. */
static bool port_is_free(const endpoint *e)
{
    int fd = bind_socket(e, false);
    bool is_free = fd >= 0 && listen(fd, 1) == 0;
    int error = errno;

    if (fd >= 0)
        (void)close(fd);
    errno = error;
    return is_free;
}

static bool listen_on(endpoint *e, net_address *where, unsigned workers, net_listeners *out)
{
    *port_of(e) = htons((uint16_t)where->port);
    if (where->port != 0 && !port_is_free(e))
        return false;
    for (unsigned i = 0; i < workers; i++) {
        int fd = bind_socket(e, true);

        if (fd < 0)
            return false;
        out[i].internal[out[i].count] = where->internal;
        out[i].fds[out[i].count++] = fd;
        if (listen(fd, BACKLOG) != 0)
            return false;
        where->port = bound_port(fd);
        *port_of(e) = htons((uint16_t)where->port);
    }
    return true;
}

static void close_all(net_listeners *listeners, unsigned workers)
{
    for (unsigned i = 0; i < workers; i++) {
        for (int k = 0; k < listeners[i].count; k++)
            (void)close(listeners[i].fds[k]);
        listeners[i].count = 0;
    }
}

bool net_listen(net_address *where, unsigned workers, net_listeners *out, char *error,
                size_t error_size)
{
    const char *option = where->internal ? "http_server.internal_" : "http_server.";
    endpoint endpoints[ENDPOINTS] = {0};
    int count = endpoints_of(where->address, endpoints);

    if (count == 0)
        (void)snprintf(error, error_size, "%saddress: not an IPv4 or IPv6 address: %s", option,
                       log_quote(where->address).text);
    for (int i = 0; i < count; i++) {
        if (listen_on(&endpoints[i], where, workers, out))
            continue;
        if (i > 0 && errno == EAFNOSUPPORT) {
            log_info("NET-NO-IPV6", "listening=ipv4");
            break;
        }
        (void)snprintf(error, error_size, "%sport: cannot listen on %u%s%.*s: %s", option,
                       (unsigned)where->port, where->address.len == 0 ? "" : " of ",
                       (int)where->address.len, where->address.ptr, strerror(errno));
        count = 0;
    }
    if (count == 0)
        close_all(out, workers);
    return count != 0;
}

/* ---- accepting ---- */

static void refuse(net_worker *w, int fd)
{
    static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                               "Connection: close\r\nRetry-After: 5\r\n\r\n";
    static log_limit limit;
    uint64_t dropped;

    metric_add(&worker_metrics(w)->x_connections_refused, 1);
    if (log_limit_pass(&limit, LOG_EVERY_MS, &dropped))
        log_warn("NET-FULL", "connections=%u also_refused=%llu", w->house->max_connections,
                 (unsigned long long)dropped);
    /* Whether it arrives or not, the peer learns that it is not served. */
    ssize_t written = send(fd, busy, sizeof busy - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)written;
    (void)close(fd);
}

/* Descriptors have run out: gives up the spare one for a moment to take a connection and turn it
 * away. false: there was no spare, or it was of no use. */
static bool shed(net_worker *w, int listener)
{
    if (w->spare_fd < 0)
        return false;
    (void)close(w->spare_fd);

    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0)
        refuse(w, fd);
    w->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd >= 0;
}

/* The sockets stay readable, and looking at them again would only spin. The next tick resumes. */
static void pause_accepting(net_worker *w)
{
    w->paused = true;
    for (int i = 0; i < w->listeners.count; i++)
        (void)uv_poll_stop(&w->accept[i]);
}

static void note_accept_error(net_worker *w, int error)
{
    static log_limit limit;
    uint64_t dropped;

    metric_add(&worker_metrics(w)->x_accept_errors, 1);
    if (log_limit_pass(&limit, LOG_EVERY_MS, &dropped))
        log_warn("NET-ACCEPT", "error=\"%s\" also_failed=%llu", strerror(error),
                 (unsigned long long)dropped);
}

/* One connection. false: stop for this turn. */
static bool accept_one(net_worker *w, int index)
{
    int listener = w->listeners.fds[index];
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        int error = errno;

        if (error == EAGAIN || error == EWOULDBLOCK)
            return false;
        note_accept_error(w, error);
        if (error == EINTR || error == ECONNABORTED)
            return true;
        if ((error != EMFILE && error != ENFILE) || !shed(w, listener))
            pause_accepting(w);
        return false;
    }
    /* relaxed: a limit that is passed by a few is as good */
    if (atomic_load_explicit(&w->house->x_connections, memory_order_relaxed) >=
        w->house->max_connections) {
        refuse(w, fd);
        return true;
    }
    metric_add(&worker_metrics(w)->x_connections_accepted, 1);
    conn_start(w, fd, w->listeners.internal[index]);
    return true;
}

static void on_acceptable(uv_poll_t *handle, int status, int events)
{
    net_worker *w = handle->data;

    (void)events;
    if (status != 0)
        return;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        if (!accept_one(w, (int)(handle - w->accept)))
            return;
    }
}

void listener_resume(net_worker *w)
{
    if (!w->paused)
        return;
    w->paused = false;
    if (w->spare_fd < 0) /* another thread took its number when it was given up */
        w->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < w->listeners.count; i++)
        (void)uv_poll_start(&w->accept[i], UV_READABLE, on_acceptable); /* it worked before */
}

bool listener_start(net_worker *w)
{
    w->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < w->listeners.count; i++) {
        if (uv_poll_init(&w->loop, &w->accept[i], w->listeners.fds[i]) != 0)
            return false;
        w->accept[i].data = w;
        if (uv_poll_start(&w->accept[i], UV_READABLE, on_acceptable) != 0)
            return false;
    }
    return true;
}

void listener_stop(net_worker *w)
{
    for (int i = 0; i < w->listeners.count; i++) {
        uv_close((uv_handle_t *)&w->accept[i], NULL);
        (void)close(w->listeners.fds[i]);
    }
    w->listeners.count = 0;
    if (w->spare_fd >= 0)
        (void)close(w->spare_fd);
    w->spare_fd = -1;
}
