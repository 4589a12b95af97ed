/* SPDX-License-Identifier: MIT */
/*
 * The networking of all three servers. Each loop is one thread with a listening socket of its own
 * and owns the connections that it accepts. What other threads want of a connection comes as a
 * letter to its loop.
 *
 * Letters carry pointers. They are good: a loop's mailbox opens letters in the order in which they
 * were posted, a model offers nothing to a connection that it has released, and the connection is
 * freed when the letter with the release has come round.
 *
 * Texts are written in slices, between which sockets have their turn; else no server could accept a
 * connection before a broadcast is over, and the models would not differ.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
#include <wslay/wslay.h>

#include "handshake.h"
#include "list.h"
#include "mailbox.h"
#include "model.h"

enum { LOOPS = 2, SLICE = 16, ACCEPT_MAX = 16, HEAD_MAX = 4096, TEXT_MAX = 4096 };

typedef struct loop {
    uv_loop_t uv;
    uv_thread_t thread;
    uv_async_t wake;
    uv_poll_t listener;
    int fd;
    mailbox box; /* says it itself */
    list todo;   /* owner: jobs that wait for their slice, in order */
} loop;

/* Something to do with a connection when its turn has come. */
typedef struct job {
    list link; /* in loop->todo */
    void (*run)(struct job *j);
} job;

typedef enum conn_state { OPENING, REGISTERING, OPEN, CLOSING } conn_state;

typedef struct conn {
    client client;
    loop *loop;                 /* const */
    _Atomic(unsigned) x_queued; /* atomic, relaxed: texts on their way; a limit, no exact count */
    conn_state state;           /* owner, as everything below */
    bool gone;                  /* the peer left while it was being registered */
    wslay_event_context_ptr ws; /* from REGISTERING on */
    uv_poll_t poll;
    int fd;
    letter registered, released;
    job last; /* to be freed */
    size_t head_len;
    char head[HEAD_MAX + 1];
} conn;

/* A text for a connection: first a letter, then a job. */
typedef struct parcel {
    letter letter;
    job job;
    conn *to;
    size_t len;
    char text[];
} parcel;

/* ---- one connection, on its loop ------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    conn *c = handle->data;

    (void)close(c->fd);
    wslay_event_context_free(c->ws);
    c->ws = NULL;
    if (c->state == OPENING)
        free(c); /* the model never heard of it */
    else
        model_unregister(&c->client);
}

static void close_conn(conn *c)
{
    if (c->state == REGISTERING) {
        c->gone = true; /* the model has it in its hands */
        return;
    }
    if (uv_is_closing((uv_handle_t *)&c->poll))
        return;
    if (c->state == OPEN)
        c->state = CLOSING;
    uv_close((uv_handle_t *)&c->poll, on_closed);
}

static ssize_t ws_send(wslay_event_context_ptr ws, const uint8_t *data, size_t len, int flags,
                       void *user)
{
    int more = (flags & WSLAY_MSG_MORE) != 0 ? MSG_MORE : 0; /* head and text in one packet */

    if (send(((conn *)user)->fd, data, len, MSG_NOSIGNAL | more) == (ssize_t)len)
        return (ssize_t)len;
    wslay_event_set_error(ws, WSLAY_ERR_CALLBACK_FAILURE); /* a full buffer too: it is too slow */
    return -1;
}

static ssize_t ws_recv(wslay_event_context_ptr ws, uint8_t *to, size_t cap, int flags, void *user)
{
    ssize_t len = recv(((conn *)user)->fd, to, cap, 0);

    (void)flags;
    if (len > 0)
        return len;
    wslay_event_set_error(ws, len < 0 && errno == EAGAIN ? WSLAY_ERR_WOULDBLOCK
                                                         : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static void on_text(const conn *c, const uint8_t *text, size_t len)
{
    char answer[TEXT_MAX + 6] = "Echo: ";

    if (len == 9 && memcmp(text, "broadcast", 9) == 0) {
        len = (size_t)snprintf(answer, sizeof answer, "Hello from client %ju",
                               (uintmax_t)c->client.id);
        model_broadcast(&c->client, answer, len);
        return;
    }
    if (len > 0)
        memcpy(answer + 6, text, len); /* at most TEXT_MAX: open_ws() */
    model_send(c->client.id, answer, 6 + len);
}

static void on_message(wslay_event_context_ptr ws, const struct wslay_event_on_msg_recv_arg *m,
                       void *user)
{
    (void)ws;
    if (m->opcode == WSLAY_TEXT_FRAME) /* wslay answers pings and closes by itself */
        on_text(user, m->msg, m->msg_length);
}

static bool open_ws(conn *c)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = ws_recv, .send_callback = ws_send, .on_msg_recv_callback = on_message};

    if (wslay_event_context_server_init(&c->ws, &callbacks, c) != 0) {
        c->ws = NULL; /* wslay 1.1.1 leaves a pointer to what it has freed */
        return false;
    }
    wslay_event_config_set_max_recv_msg_length(c->ws, TEXT_MAX);
    return true;
}

static void flush(conn *c)
{
    if (wslay_event_send(c->ws) != 0 || wslay_event_get_close_sent(c->ws))
        close_conn(c);
}

/* Takes the request, in however many parts it comes, and no byte behind it. Once it is whole the
 * client is registered; it gets its answer after that. */
static void shake_hands(conn *c)
{
    char *at = c->head + c->head_len;
    ssize_t len = recv(c->fd, at, HEAD_MAX - c->head_len, MSG_PEEK);
    size_t whole = 0;

    if (len <= 0) {
        close_conn(c);
        return;
    }
    at[len] = '\0';
    whole = handshake_len(c->head);
    len = recv(c->fd, at, whole != 0 ? whole - c->head_len : (size_t)len, 0);
    at[len] = '\0';
    c->head_len += (size_t)len;
    if (whole != 0 && open_ws(c)) {
        c->state = REGISTERING;
        (void)uv_poll_stop(&c->poll);
        model_register(&c->client);
    } else if (whole != 0 || c->head_len == HEAD_MAX) {
        close_conn(c);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    conn *c = poll->data;

    (void)events;
    if (status == 0 && c->state == OPENING)
        shake_hands(c);
    else if (status != 0 || (c->state == OPEN && wslay_event_recv(c->ws) != 0))
        close_conn(c);
    else if (c->state == OPEN)
        flush(c);
}

/* ---- letters --------------------------------------------------------------------------------- */

static void open_registered(letter *l)
{
    conn *c = container_of(l, conn, registered);
    char answer[HANDSHAKE_ANSWER_MAX];
    size_t len = handshake_answer(c->head, answer);

    c->state = OPEN;
    if (c->gone || len == 0 || send(c->fd, answer, len, MSG_NOSIGNAL) != (ssize_t)len ||
        uv_poll_start(&c->poll, UV_READABLE, on_readable) != 0)
        close_conn(c);
}

static void open_released(letter *l)
{
    conn *c = container_of(l, conn, released);

    list_add_tail(&c->loop->todo, &c->last.link); /* behind the texts that are on their way */
}

static void open_parcel(letter *l)
{
    parcel *p = container_of(l, parcel, letter);

    list_add_tail(&p->to->loop->todo, &p->job.link);
}

void net_registered(client *c)
{
    conn *n = container_of(c, conn, client);

    n->registered.open = open_registered;
    mailbox_post(&n->loop->box, &n->registered);
}

void net_released(client *c)
{
    conn *n = container_of(c, conn, client);

    n->released.open = open_released;
    mailbox_post(&n->loop->box, &n->released);
}

static void deliver(job *j)
{
    parcel *p = container_of(j, parcel, job);
    struct wslay_event_msg msg = {WSLAY_TEXT_FRAME, (const uint8_t *)p->text, p->len};

    atomic_fetch_sub_explicit(&p->to->x_queued, 1, memory_order_relaxed);
    if (p->to->state == OPEN) {
        (void)wslay_event_queue_msg(p->to->ws, &msg); /* fails if a close is on its way */
        flush(p->to);
    }
    free(p);
}

void net_offer(client *to, const char *text, size_t len)
{
    conn *c = container_of(to, conn, client);
    parcel *p = NULL;

    /* relaxed: a rough limit */
    if (model_queue_max != 0 &&
        atomic_load_explicit(&c->x_queued, memory_order_relaxed) >= model_queue_max)
        return;
    p = malloc(sizeof *p + len);
    if (p == NULL)
        return; /* this client misses a message */
    *p = (parcel){.letter.open = open_parcel, .job.run = deliver, .to = c, .len = len};
    memcpy(p->text, text, len);
    atomic_fetch_add_explicit(&c->x_queued, 1, memory_order_relaxed);
    mailbox_post(&c->loop->box, &p->letter);
}

/* ---- loops ----------------------------------------------------------------------------------- */

static void run_last(job *j)
{
    free(container_of(j, conn, last));
}

static void ring(void *arg)
{
    (void)uv_async_send(&((loop *)arg)->wake);
}

static void on_wake(uv_async_t *wake)
{
    loop *l = wake->data;

    (void)mailbox_drain(&l->box);
    for (int i = 0; i < SLICE && !list_empty(&l->todo); i++) {
        job *j = container_of(l->todo.next, job, link);

        list_remove(&j->link);
        j->run(j);
    }
    if (!list_empty(&l->todo))
        ring(l);
}

static bool accept_one(loop *l)
{
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    conn *c = fd < 0 ? NULL : calloc(1, sizeof *c);

    if (fd < 0)
        return false;
    if (c == NULL || uv_poll_init(&l->uv, &c->poll, fd) != 0) {
        (void)close(fd);
        free(c);
        return false;
    }
    c->fd = fd;
    c->loop = l;
    c->last.run = run_last;
    c->poll.data = c;
    c->client.id = c->client.in.item.id = gcast_id_new();
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (uv_poll_start(&c->poll, UV_READABLE, on_readable) != 0)
        close_conn(c);
    return true;
}

static void on_connection(uv_poll_t *listener, int status, int events)
{
    (void)status, (void)events;
    for (int i = 0; i < ACCEPT_MAX && accept_one(listener->data); i++)
        ;
}

static bool listen_on(loop *l, uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t len = sizeof at;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int)) != 0 ||
        bind(l->fd, (struct sockaddr *)&at, len) != 0 || listen(l->fd, SOMAXCONN) != 0 ||
        getsockname(l->fd, (struct sockaddr *)&at, &len) != 0)
        return false;
    *port = ntohs(at.sin_port);
    return true;
}

static void run(void *arg)
{
    model_enter();
    (void)uv_run(&((loop *)arg)->uv, UV_RUN_DEFAULT);
}

static bool start(loop *l, uint16_t *port)
{
    list_init(&l->todo);
    mailbox_init(&l->box, ring, l);
    l->wake.data = l->listener.data = l;
    return listen_on(l, port) && uv_loop_init(&l->uv) == 0 &&
           uv_async_init(&l->uv, &l->wake, on_wake) == 0 &&
           uv_poll_init(&l->uv, &l->listener, l->fd) == 0 &&
           uv_poll_start(&l->listener, UV_READABLE, on_connection) == 0 &&
           uv_thread_create(&l->thread, run, l) == 0;
}

int main(int argc, char **argv)
{
    static loop loops[LOOPS];
    uint16_t port = (uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 8080);

    if (!model_start())
        return 1;
    for (int i = 0; i < LOOPS; i++)
        if (!start(&loops[i], &port))
            return 1;
    (void)printf("port %u\n", (unsigned)port);
    (void)fflush(stdout);
    return uv_thread_join(&loops[0].thread); /* the loops never end */
}
