/* SPDX-License-Identifier: MIT */
/*
 * The server under load: many connections in one channel, each of which must get every publication
 * exactly once and in order, while others come and go in every way there is; afterwards the server
 * must be empty and its memory back where it was.
 *
 *   load_test SERVER [--connections=10000] [--publications=1000] [--churners=2000] [--rate=20]
 *             [--unmeasured]
 *
 * SERVER is started here. --rate: publications per second. --unmeasured: memory is not judged (a
 * sanitizer keeps what is freed). Exit status 0: everything held.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "load_client.h"
#include "load_report.h"
#include "load_server.h"
#include "random.h"

enum {
    HANDSHAKES = 256,   /* at the same time */
    WARM_CLIENTS = 500, /* of the warm-up round, */
    WARM_PUBLICATIONS = 50,
    PATIENCE_MS = 40000, /* for what must come */
    MAX_STAY = 100,      /* publications that a churner sees */
    SPARE_DESCRIPTORS = 600,
    MEMORY_BOUND = 4 << 20, /* bytes that may be left of ten thousand connections */
    EVENTS = 512,
};

typedef struct load_options {
    const char *server;
    uint32_t connections;
    uint32_t publications;
    uint32_t churners;
    uint32_t rate;
    bool unmeasured;
} load_options;

/* Publishes at a steady rate over one keep-alive connection. */
typedef struct publisher {
    int fd;
    uint64_t count;
    uint64_t sent;
    uint64_t answered;
    uint64_t interval_ns;
    uint64_t next_ns;
    char answers[65536];
    size_t answers_len;
} publisher;

typedef struct load {
    load_options options;
    load_server server;
    load_crowd crowd;
    publisher publisher;
    load_client *steady;
    uint32_t steady_count; /* of this round */
    uint32_t opened;
    load_client *churners;
    uint32_t churner_count;
    uint32_t born;
} load;

/* ---- publishing ---- */

static void publisher_open(load *l)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(l->crowd.port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        epoll_ctl(l->crowd.epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        load_die("cannot connect a publisher: %s", strerror(errno));
    l->publisher = (publisher){.fd = fd};
}

static void publish(publisher *p)
{
    char body[128];
    char request[512];
    int body_len =
        snprintf(body, sizeof body, "{\"channel\":\"" LOAD_CHANNEL "\",\"data\":[%llu,%llu]}",
                 (unsigned long long)p->sent, (unsigned long long)clock_mono_ns());
    int len = snprintf(request, sizeof request,
                       "POST /api/publish HTTP/1.1\r\nHost: x\r\nX-API-Key: " LOAD_API_KEY
                       "\r\nContent-Length: %d\r\n\r\n%s",
                       body_len, body);

    if (send(p->fd, request, (size_t)len, MSG_NOSIGNAL) != len)
        load_die("cannot publish: %s", strerror(errno));
    p->sent++;
}

/* Counts the answers that are good; any other leaves the count short. */
static void publisher_read(publisher *p)
{
    static const char good[] = "{\"result\":{}}";
    ssize_t count =
        recv(p->fd, p->answers + p->answers_len, sizeof p->answers - p->answers_len, MSG_DONTWAIT);
    char *at = p->answers;
    char *end;

    if (count <= 0)
        load_die("the server closed the publisher's connection");
    p->answers_len += (size_t)count;
    end = p->answers + p->answers_len;
    for (char *found; (found = memmem(at, (size_t)(end - at), good, sizeof good - 1)) != NULL;) {
        p->answered++;
        at = found + sizeof good - 1;
    }
    p->answers_len = (size_t)(end - at);
    memmove(p->answers, at, p->answers_len);
    if (p->answers_len == sizeof p->answers)
        load_die("the server answers a publisher with: %.200s", p->answers);
}

/* ---- one round of the loop ---- */

/* As many churners as belong to what has been published. */
static void spawn_churners(load *l)
{
    const publisher *p = &l->publisher;
    uint64_t due = p->count == 0 ? 0 : l->churner_count * p->sent / p->count;

    for (; l->born < due; l->born++)
        load_client_open(&l->crowd, &l->churners[l->born], false, (load_way)(l->born % LEAVE_WAYS),
                         1 + random_below(MAX_STAY));
}

static void open_steady(load *l)
{
    while (l->opened < l->steady_count && l->crowd.connecting < HANDSHAKES) {
        load_client_open(&l->crowd, &l->steady[l->opened], true,
                         (load_way)(l->opened % LEAVE_IN_HANDSHAKE), UINT64_MAX);
        l->opened++;
    }
}

/* Publishes what is due. Returns the milliseconds until there is something to do. */
static int publish_due(load *l)
{
    publisher *p = &l->publisher;
    uint64_t now = clock_mono_ns();

    while (p->sent < p->count && p->next_ns <= now) {
        publish(p);
        p->next_ns += p->interval_ns;
    }
    spawn_churners(l);
    if (p->sent == p->count)
        return 20;
    return p->next_ns <= now ? 0 : (int)((p->next_ns - now + 999999) / 1000000);
}

static void turn(load *l)
{
    struct epoll_event events[EVENTS];
    int wait = publish_due(l);
    int count;

    open_steady(l);
    count = epoll_wait(l->crowd.epoll, events, EVENTS, wait);
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == NULL)
            publisher_read(&l->publisher);
        else
            load_client_event(&l->crowd, events[i].data.ptr, events[i].events);
    }
}

/* Goes on until it is done; what takes too long ends the program. */
static void go_on_until(load *l, bool (*done)(const load *l), const char *what, uint64_t ms)
{
    uint64_t end = clock_mono_ms() + ms;
    uint64_t look = 0;

    for (;;) {
        uint64_t now = clock_mono_ms();

        if (now >= look) { /* not each turn: it looks at everybody */
            look = now + 20;
            if (done(l))
                return;
        }
        if (now > end)
            load_die("waited %llu ms for %s", (unsigned long long)ms, what);
        turn(l);
    }
}

/* ---- what is waited for ---- */

static bool all_ready(const load *l)
{
    return l->crowd.ready == l->steady_count;
}

static bool all_arrived(const load *l)
{
    if (l->publisher.answered < l->publisher.count)
        return false;
    for (uint32_t i = 0; i < l->steady_count; i++) {
        if (l->steady[i].state == LOAD_READY && l->steady[i].seen < l->publisher.count)
            return false;
    }
    return true;
}

static bool all_gone(const load *l)
{
    for (uint32_t i = 0; i < l->steady_count; i++) {
        if (l->steady[i].state != LOAD_NONE)
            return false;
    }
    for (uint32_t i = 0; i < l->born; i++) {
        if (l->churners[i].state != LOAD_NONE)
            return false;
    }
    return true;
}

static uint64_t poll_end; /* of a wait for the server */

static bool keep_polling(const char *what)
{
    if (clock_mono_ms() > poll_end) {
        load_wrong("waited in vain for %s", what);
        return false;
    }
    (void)usleep(20000);
    return true;
}

static void wait_until_empty(load *l)
{
    poll_end = clock_mono_ms() + PATIENCE_MS;
    while (load_server_figure(&l->server, "num_clients") != 0 ||
           load_server_figure(&l->server, "num_channels") != 0 ||
           load_server_figure(&l->server, "num_subs") != 0) {
        if (!keep_polling("the server to be empty"))
            return;
    }
}

/* ---- the test ---- */

static void connect_all(load *l, uint32_t count)
{
    l->steady_count = count;
    l->opened = 0;
    go_on_until(l, all_ready, "all connections to be subscribed", PATIENCE_MS);
}

static void publish_all(load *l, uint32_t count, uint32_t rate, uint32_t churners)
{
    publisher *p = &l->publisher;

    p->sent = p->answered = 0;
    p->count = count;
    p->interval_ns = 1000000000U / rate;
    p->next_ns = clock_mono_ns();
    l->churner_count = churners;
    l->born = 0;
    go_on_until(l, all_arrived, "all publications to arrive", 1000ULL * count / rate + PATIENCE_MS);
}

static void leave_all(load *l)
{
    for (uint32_t i = 0; i < l->steady_count; i++) {
        load_client *c = &l->steady[i];

        if (c->seen != l->publisher.count)
            load_wrong("steady client %u has had %llu publications", i,
                       (unsigned long long)c->seen);
        load_client_leave(&l->crowd, c);
    }
    for (uint32_t i = 0; i < l->born; i++)
        load_client_leave(&l->crowd, &l->churners[i]);
    go_on_until(l, all_gone, "all connections to end", PATIENCE_MS);
    wait_until_empty(l);
}

static void warm_up(load *l)
{
    connect_all(l, l->options.connections < WARM_CLIENTS ? l->options.connections : WARM_CLIENTS);
    publish_all(l, WARM_PUBLICATIONS, 100, WARM_PUBLICATIONS);
    leave_all(l);
}

static void check_memory(const load *l, uint64_t before)
{
    uint64_t after = load_server_rss(&l->server);

    poll_end = clock_mono_ms() + 10000;
    while (!l->options.unmeasured && after > before + MEMORY_BOUND &&
           keep_polling("the memory of the connections to be given back"))
        after = load_server_rss(&l->server);
    (void)printf("resident after the warm-up: %.1f MB, at the end: %.1f MB\n", (double)before / 1e6,
                 (double)after / 1e6);
}

static void run(load *l)
{
    const load_options *o = &l->options;
    uint64_t fresh = load_server_rss(&l->server);
    uint64_t warm;
    uint64_t begin;
    uint64_t cpu;
    uint64_t deliveries;
    double seconds;

    warm_up(l);
    warm = load_server_rss(&l->server);

    begin = clock_mono_ns();
    connect_all(l, o->connections);
    seconds = (double)(clock_mono_ns() - begin) / 1e9;
    (void)printf("%u connections subscribed: %.0f connects/s, %.0f bytes resident for each\n",
                 o->connections, o->connections / seconds,
                 (double)(load_server_rss(&l->server) - fresh) / o->connections);

    load_latency_clear();
    deliveries = l->crowd.deliveries;
    cpu = load_server_cpu_us(&l->server);
    begin = clock_mono_ns();
    publish_all(l, o->publications, o->rate, o->churners);
    seconds = (double)(clock_mono_ns() - begin) / 1e9;
    cpu = load_server_cpu_us(&l->server) - cpu;
    deliveries = l->crowd.deliveries - deliveries;
    (void)printf("%u publications, %u clients came and went: %llu deliveries in %.1f s, %.0f/s\n",
                 o->publications, l->born, (unsigned long long)deliveries, seconds,
                 (double)deliveries / seconds);
    (void)printf("server CPU: %.2f us per delivery, %.0f %% of one core\n",
                 (double)cpu / (double)deliveries, (double)cpu / seconds / 1e4);
    (void)printf("latency: p50 %.1f ms, p99 %.1f ms\n", (double)load_latency_us(0.5) / 1e3,
                 (double)load_latency_us(0.99) / 1e3);

    leave_all(l);
    check_memory(l, warm);
}

/* ---- beginning ---- */

static bool read_number(const char *argument, const char *name, uint32_t *out)
{
    size_t len = strlen(name);

    if (strncmp(argument, name, len) != 0)
        return false;
    *out = (uint32_t)strtoul(argument + len, NULL, 10);
    return *out != 0;
}

static void read_options(load_options *o, int argc, char **argv)
{
    if (argc < 2)
        load_die("usage: load_test SERVER [--connections=N] [--publications=N] [--churners=N] "
                 "[--rate=N] [--unmeasured]");
    o->server = argv[1];
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--unmeasured") == 0)
            o->unmeasured = true;
        else if (!read_number(argv[i], "--connections=", &o->connections) &&
                 !read_number(argv[i], "--publications=", &o->publications) &&
                 !read_number(argv[i], "--churners=", &o->churners) &&
                 !read_number(argv[i], "--rate=", &o->rate))
            load_die("what is %s?", argv[i]);
    }
}

/* No more connections than there are descriptors for. */
static void fit_descriptors(load_options *o)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        load_die("getrlimit: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* what we have then is looked at next */
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= SPARE_DESCRIPTORS)
        load_die("too few descriptors");
    if (o->connections <= limit.rlim_cur - SPARE_DESCRIPTORS)
        return;
    o->connections = (uint32_t)(limit.rlim_cur - SPARE_DESCRIPTORS);
    (void)printf("only %u connections: the descriptor limit is %llu\n", o->connections,
                 (unsigned long long)limit.rlim_cur);
}

int main(int argc, char **argv)
{
    static load l = {
        .options = {.connections = 10000, .publications = 1000, .churners = 2000, .rate = 20}};

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    read_options(&l.options, argc, argv);
    fit_descriptors(&l.options);
    l.steady = calloc(l.options.connections, sizeof *l.steady);
    l.churners = calloc(l.options.churners + WARM_PUBLICATIONS, sizeof *l.churners);
    l.crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l.steady == NULL || l.churners == NULL || l.crowd.epoll < 0)
        load_die("out of memory");
    load_server_start(&l.server, l.options.server);
    l.crowd.port = l.server.port;
    publisher_open(&l);
    run(&l);
    (void)close(l.publisher.fd);
    if (!load_server_stop(&l.server))
        load_wrong("the server did not end well");
    free(l.steady);
    free(l.churners);
    (void)close(l.crowd.epoll);
    (void)printf("things that were wrong: %llu\n", (unsigned long long)load_wrong_count());
    return load_wrong_count() == 0 ? 0 : 1;
}
