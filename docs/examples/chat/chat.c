/* SPDX-License-Identifier: MIT */
/*
 * A chat server on the registry, libuv and wslay:  chat [PORT]  (8080; 0 takes a free one)
 * To `broadcast` all others receive `Hello from client <id>`, to other texts the sender `Echo:
 * <text>`.
 *
 * Each loop is a thread with a listening socket of its own on the same port. It owns the clients it
 * accepts: it alone touches their sockets, adds them to the registry and removes them. A broadcast
 * walks the registry of all loops without a lock and sends each recipient's loop a letter with the
 * recipient's *id*, which the owner looks up; if the client has left, nothing is found. No pointer
 * to a client ever goes from one thread to another.
 */
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gracecast/registry.h>
#include <uv.h>
#include <wslay/wslay.h>

enum { LOOPS = 2, SLICE = 64, HEAD_MAX = 4096, TEXT_MAX = 4096 };

struct letter {
    struct letter *next;
    uint64_t to, from; /* clients' ids */
};

struct loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_poll_t listener;
    int fd;
    _Atomic(struct letter *) letters; /* any thread adds to them; the newest first */
};

struct client {
    gcast_entry entry;          /* first: an entry's address is its client's */
    uint64_t id;                /* constant: other threads read it */
    struct loop *loop;          /* constant; what follows is this loop's alone */
    wslay_event_context_ptr ws; /* NULL until the handshake is done */
    uv_poll_t poll;
    int fd, head_len;
    char head[HEAD_MAX + 1]; /* the opening request */
};

static gcast_registry *registry;

/* A grace period after the removal, when nobody can be looking any more; on liburcu's thread. */
static void on_release(gcast_entry *e, void *unused)
{
    (void)unused;
    free(e);
}

static void on_closed(uv_handle_t *handle)
{
    struct client *c = handle->data;

    (void)close(c->fd);
    wslay_event_context_free(c->ws);
    if (gcast_remove(registry, &c->entry) != GCAST_OK)
        free(c); /* it never got in: nobody can be looking at it */
}

static void leave(struct client *c)
{
    if (!uv_is_closing((uv_handle_t *)&c->poll))
        uv_close((uv_handle_t *)&c->poll, on_closed);
}

static void post(struct loop *l, uint64_t to, uint64_t from)
{
    struct letter *letter = malloc(sizeof *letter);

    if (letter == NULL)
        return; /* this recipient misses a message */
    *letter = (struct letter){.next = atomic_load(&l->letters), .to = to, .from = from};
    while (!atomic_compare_exchange_weak(&l->letters, &letter->next, letter))
        ;
    (void)uv_async_send(&l->wake);
}

static void broadcast(const struct client *from)
{
    gcast_entry *found[SLICE];
    gcast_cursor cursor = {0};
    size_t count = 0;

    do { /* in slices, since nothing is freed anywhere while a read section is open */
        gcast_read_begin(registry);
        count = gcast_next_batch(registry, &cursor, found, SLICE);
        for (size_t i = 0; i < count; i++) {
            const struct client *to = (const struct client *)found[i];

            if (to != from)
                post(to->loop, to->id, from->id); /* it never waits, or it would not belong here */
        }
        gcast_read_end(registry); /* the pointers found are dead now */
    } while (count == SLICE);
}

/* Writes what wslay has ready: texts, pongs, the reply to a close. */
static void flush(struct client *c)
{
    if (wslay_event_send(c->ws) != 0 || wslay_event_get_close_sent(c->ws))
        leave(c);
}

static void deliver(const struct letter *letter)
{
    struct client *c = NULL;
    char text[48];
    int len = snprintf(text, sizeof text, "Hello from client %ju", (uintmax_t)letter->from);
    struct wslay_event_msg hello = {WSLAY_TEXT_FRAME, (uint8_t *)text, (size_t)len};

    gcast_read_begin(registry);
    c = (struct client *)gcast_peek(registry, letter->to);
    gcast_read_end(registry);
    /* The one case in which a pointer outlives its section: only this thread can remove it. */
    if (c == NULL || c->ws == NULL || uv_is_closing((uv_handle_t *)&c->poll))
        return;                                 /* it has left, is not quite there, or is leaving */
    (void)wslay_event_queue_msg(c->ws, &hello); /* fails if a close is on its way */
    flush(c);
}

static void on_message(wslay_event_context_ptr ws, const struct wslay_event_on_msg_recv_arg *m,
                       void *client)
{
    char text[TEXT_MAX + 6] = "Echo: ";
    struct wslay_event_msg echo = {WSLAY_TEXT_FRAME, (uint8_t *)text, 6 + m->msg_length};

    if (m->opcode != WSLAY_TEXT_FRAME)
        return; /* wslay answers pings and closes by itself */
    if (m->msg_length > 0)
        memcpy(text + 6, m->msg, m->msg_length); /* at most TEXT_MAX: see shake_hands() */
    if (m->msg_length == 9 && memcmp(m->msg, "broadcast", 9) == 0)
        broadcast(client);
    else
        (void)wslay_event_queue_msg(ws, &echo);
}

/* Sends all or fails: a client whose unread messages fill the kernel's buffer is cut off. */
static ssize_t ws_send(wslay_event_context_ptr ws, const uint8_t *data, size_t len, int flags,
                       void *client)
{
    int more = (flags & WSLAY_MSG_MORE) != 0 ? MSG_MORE : 0; /* head and text in one packet */
    if (send(((struct client *)client)->fd, data, len, MSG_NOSIGNAL | more) == (ssize_t)len)
        return (ssize_t)len;
    wslay_event_set_error(ws, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t ws_recv(wslay_event_context_ptr ws, uint8_t *to, size_t cap, int flags, void *client)
{
    ssize_t len = recv(((struct client *)client)->fd, to, cap, 0);

    (void)flags;
    if (len > 0)
        return len;
    wslay_event_set_error(ws, len < 0 && errno == EAGAIN ? WSLAY_ERR_WOULDBLOCK
                                                         : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

/* Takes the opening request (RFC 6455 section 4.2), in however many parts it comes, and no byte of
 * the frames behind it. False if the client is of no use; a server for the world checks more. */
static bool shake_hands(struct client *c)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = ws_recv, .send_callback = ws_send, .on_msg_recv_callback = on_message};
    char key[25], text[160], *at = c->head + c->head_len, *end = NULL, *name = NULL;
    unsigned char digest[20], accept[32];
    ssize_t len = recv(c->fd, at, (size_t)(HEAD_MAX - c->head_len), MSG_PEEK);

    if (len <= 0)
        return false;
    at[len] = '\0';
    end = strstr(c->head, "\r\n\r\n");
    len = recv(c->fd, at, (size_t)(end != NULL ? end + 4 - at : len), 0);
    at[len] = '\0';
    c->head_len += (int)len;
    if (end == NULL)
        return c->head_len < HEAD_MAX; /* the rest is still to come */
    name = strcasestr(c->head, "\r\nSec-WebSocket-Key:");
    if (name == NULL || sscanf(name, "\r\n%*[^:]: %24s", key) != 1 || strlen(key) != 24)
        return false;
    len = snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    (void)EVP_Digest(text, (size_t)len, digest, NULL, EVP_sha1(), NULL);
    (void)EVP_EncodeBlock(accept, digest, sizeof digest);
    len = snprintf(text, sizeof text,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                   (char *)accept);
    if (wslay_event_context_server_init(&c->ws, &callbacks, c) != 0) {
        c->ws = NULL; /* wslay 1.1.1 leaves a pointer to what it has freed */
        return false;
    }
    wslay_event_config_set_max_recv_msg_length(c->ws, TEXT_MAX);
    return ws_send(c->ws, (uint8_t *)text, (size_t)len, 0, c) == len;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct client *c = poll->data;

    (void)events;
    if (status != 0 || (c->ws == NULL ? !shake_hands(c) : wslay_event_recv(c->ws) != 0))
        leave(c);
    else if (c->ws != NULL)
        flush(c);
}

static void on_connection(uv_poll_t *listener, int status, int events)
{
    struct loop *l = listener->data;
    struct client *c = calloc(1, sizeof *c);
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)status, (void)events;
    if (fd < 0 || c == NULL || uv_poll_init(&l->uv, &c->poll, fd) != 0) {
        (void)close(fd);
        free(c);
        return;
    }
    c->poll.data = c;
    c->fd = fd;
    c->loop = l;
    c->id = gcast_id_new();
    gcast_entry_init_id(&c->entry, c->id);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    /* It is complete: whoever finds it from here on may read its constants. */
    if (gcast_add(registry, &c->entry) != GCAST_OK ||
        uv_poll_start(&c->poll, UV_READABLE, on_readable) != 0)
        leave(c);
}

static void on_wake(uv_async_t *wake)
{
    struct letter *newest = atomic_exchange(&((struct loop *)wake->data)->letters, NULL);
    struct letter *oldest = NULL, *next = NULL;

    for (; newest != NULL; newest = next) { /* turns them round: the oldest is opened first */
        next = newest->next;
        newest->next = oldest;
        oldest = newest;
    }
    for (; oldest != NULL; oldest = next) {
        next = oldest->next;
        deliver(oldest);
        free(oldest);
    }
}

/* Opens one of several sockets on one port, among which the kernel shares out new clients. */
static bool start(struct loop *l, uint16_t *port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    l->listener.data = l->wake.data = l;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int)) != 0 ||
        bind(l->fd, (struct sockaddr *)&at, len) != 0 || listen(l->fd, SOMAXCONN) != 0 ||
        getsockname(l->fd, (struct sockaddr *)&at, &len) != 0 || uv_loop_init(&l->uv) != 0 ||
        uv_async_init(&l->uv, &l->wake, on_wake) != 0 ||
        uv_poll_init(&l->uv, &l->listener, l->fd) != 0 ||
        uv_poll_start(&l->listener, UV_READABLE, on_connection) != 0)
        return false;
    *port = ntohs(at.sin_port);
    return true;
}

static void run(void *loop)
{
    gcast_thread_enter(registry);
    (void)uv_run(&((struct loop *)loop)->uv, UV_RUN_DEFAULT);
    gcast_thread_leave(registry);
}

int main(int argc, char **argv)
{
    const gcast_registry_opts opts = {.keys = GCAST_KEYS_ID, .on_release = on_release};
    uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080);
    static struct loop loops[LOOPS];
    uv_thread_t threads[LOOPS];

    if (gcast_registry_new(&registry, &opts) != GCAST_OK)
        return 1;
    for (int i = 0; i < LOOPS; i++)
        if (!start(&loops[i], &port) || uv_thread_create(&threads[i], run, &loops[i]) != 0)
            return 1;
    (void)printf("port %u\n", (unsigned)port);
    (void)fflush(stdout);
    return uv_thread_join(&threads[0]); /* the loops never end */
}
