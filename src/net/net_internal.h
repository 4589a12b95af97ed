/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#ifndef NET_NET_INTERNAL_H
#define NET_NET_INTERNAL_H

#include <pthread.h>

#include <uv.h>

#include "client.h"
#include "net.h"
#include "uring.h"
#include "wheel.h"
#include "ws.h"

enum {
    TICK_MS = 100, /* deadlines are kept to such */
    READ_BUFFER = 65536,
    READS_PER_TURN = 4,        /* of one connection, so that a fast sender leaves room for others */
    IDLE_READERS = 16,         /* WebSocket readers kept for the next message */
    CLOSE_WAIT_MS = 5000,      /* for the peer to close after us */
    REQUEST_WAIT_MS = 10000,   /* for a request to come in... */
    REQUEST_BYTES_PER_MS = 16, /* ...and as much longer as this rate asks for */
    KEEP_ALIVE_MS = 60000,     /* without a request */
    MAX_RESPONSES = 262144,    /* bytes of unsent responses at which requests wait */
};

typedef enum conn_phase {
    CONN_HTTP,    /* requests and responses */
    CONN_WS,      /* a WebSocket client */
    CONN_CLOSING, /* we have sent a close frame and wait for the peer's */
    CONN_LINGER,  /* all is said: what still comes is thrown away until the peer closes */
    CONN_DEAD,    /* the handle is closing */
} conn_phase;

/* A request that is being answered: http_answer.c. */
typedef struct net_exchange net_exchange;

/* What a connection needs while it speaks HTTP. */
typedef struct http_side {
    http_session *session;
    const http_route *route; /* of the request whose body is coming; NULL: not looked for yet */
    const void *note;        /* of its admission */
    net_exchange *pending;   /* its answer comes later; until then the session has its request */
    buf in;                  /* bytes that wait for earlier responses to be sent */
    buf out;                 /* responses; the first `sent` bytes are gone */
    size_t sent;
    uint64_t began_ms;      /* when the current request began */
    uint64_t received;      /* bytes since then */
    uint64_t idle_until_ms; /* by when the next request has to begin */
    bool peer_done;         /* the peer will send nothing more */
    bool close;             /* after what is in `out` and what is pending */
    bool answering;         /* a handler is being asked */
} http_side;

/* One TCP connection. Everything in it is the owner's but for what hub_conn says of itself. */
typedef struct net_conn {
    client client; /* used from the upgrade on */
    uv_poll_t poll;
    net_worker *worker; /* const */
    wheel_item timer;
    http_side *http;   /* CONN_HTTP only, from the first bytes on */
    ws_reader *reader; /* while part of a message is in flight */
    frame *pong;       /* the answer to the last ping, until it is sent */
    int fd;
    uint8_t events;       /* what the poll handle watches */
    uint8_t phase;        /* conn_phase */
    bool internal : 1;    /* const: accepted by an internal listener */
    bool broken : 1;      /* a write failed: to be ended when it is safe */
    bool peer_closed : 1; /* the peer's close frame has come */
} net_conn;

/* What a worker was told to do and has not reported yet. */
typedef enum worker_step { STEP_NONE, STEP_HUSH, STEP_SETTLE, STEP_STOP } worker_step;

struct net_worker {
    net_house *house; /* const */
    hub_worker *hub;  /* const */
    client_desk desk;
    uv_loop_t loop;
    uv_async_t wake;
    uv_idle_t work; /* active while a turn of the hub is wanted */
    uv_timer_t tick;
    uv_timer_t flush;  /* for the next turn of the hub that is due by time */
    uint64_t flush_ms; /* when that is; UINT64_MAX: the timer is not set */
    uv_prepare_t before_poll;
    uv_poll_t accept[NET_MAX_LISTENERS];
    net_listeners listeners;
    wheel wheel;
    uring *ring; /* NULL: connections are written to one by one */
    ws_reader *readers[IDLE_READERS];
    int reader_count;
    int spare_fd;        /* closed for a moment to refuse a connection when descriptors run out */
    uint32_t conn_count; /* connections whose memory is not yet free */
    uint32_t pending_count;     /* exchanges that are answered later */
    uint64_t busy_from_ns;      /* for the loop's lag: end of the last wait, */
    uint64_t idle_before_ns;    /* idle time up to then, */
    uint64_t longest_ns;        /* longest turn of this second, */
    uint64_t second_ms;         /* and when it began */
    bool paused;                /* accepts nothing until the next tick */
    bool stopping;              /* takes nothing new */
    worker_step step;           /* of the stop: to be reported when it is done */
    bool was_late;              /* the last tick came late and was passed over */
    _Atomic(uint32_t) x_orders; /* any thread: what net_worker_stop() and its like ask for */
    pthread_t thread;
    char buffer[READ_BUFFER];
};

enum {
    ORDER_HUSH = 1,
    ORDER_SETTLE = 2,
    ORDER_STOP = 4,
    ORDER_DROP = 8,
    ORDER_EXIT = 16,
    ORDER_CONFIGURE = 32,
};

static inline uint64_t worker_now_ms(net_worker *w)
{
    return uv_now(&w->loop);
}

/* Good until the worker handles its next event. */
static inline const config *worker_config(const net_worker *w)
{
    return w->desk.cfg;
}

static inline metrics *worker_metrics(net_worker *w)
{
    return hub_worker_metrics(w->hub);
}

static inline net_conn *conn_of(hub_conn *c)
{
    return container_of(c, net_conn, client.conn);
}

/* ---- worker.c ---- */

/* hub_sink.wake: any thread. */
void worker_wake(void *arg);

/* ---- write_many.c ---- */

/* Owner, before the loop runs: the ring, if there is one, is this thread's. */
void worker_adopt_ring(net_worker *w);

/* hub_sink.write_many */
void worker_write_many(void *arg, hub_write *writes, unsigned count);

/* ---- listener.c ---- */

bool listener_start(net_worker *w);
/* After a failed accept, at the next tick. */
void listener_resume(net_worker *w);
void listener_stop(net_worker *w);

/* ---- conn.c ---- */

/* Takes over the descriptor of an accepted connection; closes it when out of memory. */
void conn_start(net_worker *w, int fd, bool internal);

/* Ends the connection at once. Idempotent. Nothing of it may be used by the caller afterwards but
 * `phase`; the memory goes when the loop and the hub are done with it. */
void conn_end(net_conn *c);

/* All is sent: tells the peer so and throws away what still comes, for CLOSE_WAIT_MS at most.
 * Closing at once would have the kernel reset the connection and lose what the peer has not read
 * yet. */
void conn_linger(net_conn *c);

void conn_watch(net_conn *c, int events);
void conn_set_deadline(net_conn *c, uint64_t due_ms);

/* The server is stopping: what has been asked over HTTP is answered, nothing more is. */
void conn_hush(net_conn *c);

/* The client is told that the server stops. */
void conn_shut_down(net_conn *c);

/* Whether the socket takes nothing more now; other errors mark the connection broken. Returns what
 * was written, 0 or -1, as hub_sink.write. */
ssize_t conn_write(net_conn *c, const struct iovec *iov, int count);

/* Takes note of what a write has come to: bytes, or -errno. Returns what conn_write() does. */
ssize_t conn_wrote(net_conn *c, ssize_t result);

void conn_on_deadline(void *arg, wheel_item *item);

/* ---- http_side.c ---- */

void http_side_free(net_conn *c);
void http_side_input(net_conn *c, view bytes);
/* The peer has finished sending. */
void http_side_eof(net_conn *c);
void http_side_writable(net_conn *c);
void http_side_deadline(net_conn *c);
/* Sends the answers that are under way, those that are pending included, and closes. */
void http_side_shut_down(net_conn *c);
/* The answer that was pending is in c->http->out. */
void http_side_answered(net_conn *c);

/* ---- http_answer.c ---- */

/* Appends the answer to c->http->out, or leaves it pending, or makes c a WebSocket, or ends it: see its
 * phase. */
void http_answer(net_conn *c, const http_request *rq);

/* c ends while its answer is pending: takes over the session, which has the request. */
void http_answer_abandon(net_exchange *x, http_session *session);

/* Appends a refusal with a line of text, after which the connection is closed. `headers`: further
 * header lines, NULL for none. */
void http_refuse(net_conn *c, int status, const char *reason, const char *headers);

/* How much body the request with this head may have; `arg` is the net_conn. */
size_t http_max_body(void *arg, const http_request *head);

/* ---- ws_side.c ---- */

/* The handshake of `rq` is accepted: from here on the connection is a WebSocket client's. */
void ws_side_open(net_conn *c, view user);
void ws_side_input(net_conn *c, view bytes);
void ws_side_writable(net_conn *c);
void ws_side_deadline(net_conn *c);
void ws_side_free(net_conn *c);
/* Sends a close frame and waits for the peer's. */
void ws_side_disconnect(net_conn *c, uint32_t code, view reason);

#endif
