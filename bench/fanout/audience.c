/* SPDX-License-Identifier: MIT */
#include "audience.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "cpu.h"
#include "viewer.h"

enum {
    EVENTS = 512,
    ARRIVALS_MAX = 64, /* viewers that connect or subscribe at the same time */
    PATIENCE_S = 30,   /* without any progress a run has failed */
    COMMAND_KEY = -1,
    PUBLISHER_KEY = -2,
};

typedef enum verb { VERB_CONNECT, VERB_SUBSCRIBE, VERB_RUN } verb;

typedef struct command {
    verb verb;
    unsigned from;
    unsigned to;
    audience_run_plan plan;
} command;

typedef struct answer {
    char error[128]; /* empty: done */
    audience_result result;
} answer;

typedef struct room {
    int epoll;
    int commands;
    int publisher;
    bool asked;   /* a command waits to be read */
    bool running; /* publications are on their way */
    buf out;      /* bytes for the publisher's connection */
    hall *hall;
} room;

/* ---- the loop ---- */

static void watch(room *r, int fd, int64_t key)
{
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = (uint64_t)key};

    if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        hall_fail(r->hall, "epoll_ctl");
}

/* Between runs a server may end a connection that it finds idle; the next run dials again. */
static void lose_publisher(room *r)
{
    (void)close(r->publisher);
    r->publisher = -1;
    if (r->running)
        hall_fail(r->hall, "the publisher lost its connection");
}

/* What is answered to publications does not matter: what matters is that they arrive. */
static void read_publisher(room *r)
{
    ssize_t got = recv(r->publisher, r->hall->buffer, READ_BYTES, 0);

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        lose_publisher(r);
}

static void write_publisher(room *r)
{
    ssize_t sent = 0;

    if (r->out.len == 0 || r->publisher < 0)
        return;
    sent = send(r->publisher, r->out.data, r->out.len, MSG_NOSIGNAL);
    if (sent > 0)
        buf_consume(&r->out, (size_t)sent);
    else if (sent < 0 && errno != EAGAIN && errno != EINTR)
        lose_publisher(r);
}

/* Handles what is there; waits for it `timeout_ns`, or for ever if that is negative. Returns
 * whether there was anything. */
static bool turn(room *r, int64_t timeout_ns)
{
    struct epoll_event events[EVENTS];
    struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    int count = epoll_pwait2(r->epoll, events, EVENTS, timeout_ns < 0 ? NULL : &timeout, NULL);

    for (int i = 0; i < count; i++) {
        int64_t key = (int64_t)events[i].data.u64;

        if (key == COMMAND_KEY)
            r->asked = true;
        else if (key == PUBLISHER_KEY)
            read_publisher(r);
        else
            viewer_read(r->hall, &r->hall->viewers[key]);
    }
    return count > 0;
}

static bool failed(const room *r)
{
    return r->hall->error[0] != '\0';
}

/* A turn while something is expected, which may not fail to come for ever. */
static void expectant_turn(room *r, int64_t timeout_ns, uint64_t *last_ns)
{
    uint64_t now = 0;

    if (turn(r, timeout_ns))
        *last_ns = clock_mono_ns();
    now = clock_mono_ns();
    if (now > *last_ns && now - *last_ns > PATIENCE_S * 1000000000ULL)
        hall_fail(r->hall, "nothing comes any more");
}

/* ---- arriving ---- */

/* Does `step` with viewers from..to-1, not too many at the same time. */
static void arrive(room *r, const command *c, void (*step)(hall *h, viewer *v))
{
    uint64_t last_ns = clock_mono_ns();
    unsigned next = c->from;

    while ((next < c->to || r->hall->waiting != 0) && !failed(r)) {
        for (; next < c->to && r->hall->waiting < ARRIVALS_MAX && !failed(r); next++) {
            viewer *v = &r->hall->viewers[next];

            step(r->hall, v);
            if (c->verb == VERB_CONNECT && v->fd >= 0)
                watch(r, v->fd, (int64_t)next);
        }
        if (r->hall->waiting != 0)
            expectant_turn(r, 1000000000, &last_ns);
    }
}

static void upgrade_publisher(room *r, const char *path)
{
    char text[1024];
    buf out = {0};

    dialect_handshake(&out, path, (view){0});
    if (send(r->publisher, out.data, out.len, MSG_NOSIGNAL) != (ssize_t)out.len ||
        recv(r->publisher, text, sizeof text, 0) < 12 || strncmp(text, "HTTP/1.1 101", 12) != 0)
        hall_fail(r->hall, "the publisher cannot connect");
    buf_fini(&out);
}

static void dial_publisher(room *r)
{
    const audience_plan *plan = &r->hall->plan;

    if (r->publisher >= 0)
        return;
    r->publisher = hall_dial(plan->port, 0);
    if (r->publisher < 0) {
        hall_fail(r->hall, "the publisher cannot connect");
        return;
    }
    if (plan->dialect->publisher_path != NULL)
        upgrade_publisher(r, plan->dialect->publisher_path);
    (void)fcntl(r->publisher, F_SETFL, O_NONBLOCK);
    watch(r, r->publisher, PUBLISHER_KEY);
}

/* ---- a run ---- */

typedef struct run {
    const audience_run_plan *plan;
    uint64_t start_ns;
    uint64_t now_ns;
    uint32_t published;
    uint32_t fan; /* deliveries of each publication, on average */
    uint64_t due; /* deliveries of all publications */
    bool published_all;
} run;

static void publish_one(room *r, run *n)
{
    const audience_plan *plan = &r->hall->plan;
    unsigned channel = n->published % plan->channels;
    char message[MESSAGE_MAX];

    message_write(message, n->plan->size, clock_mono_ns(), n->published);
    plan->dialect->publish(&r->out, channel, (view){message, n->plan->size});
    n->published++;
    if (plan->per_viewer == 1) /* the viewers of this channel: every plan->channels-th */
        n->due += (plan->viewers - channel + plan->channels - 1) / plan->channels;
    else
        n->due += plan->viewers;
}

/* How many publications should have been sent by now. */
static uint64_t target(const room *r, const run *n)
{
    uint64_t elapsed = n->now_ns - n->start_ns;

    if (n->plan->rate != 0)
        return (uint64_t)((double)elapsed / 1e9 * n->plan->rate) + 1;
    return r->hall->received / n->fan + n->plan->depth;
}

static bool is_over(const run *n)
{
    return n->published != 0 &&
           (n->now_ns - n->start_ns >= n->plan->window_ns || n->due >= n->plan->deliveries);
}

static void publish_due(room *r, run *n)
{
    uint64_t wanted = target(r, n);

    while (n->published < wanted && !n->published_all) {
        publish_one(r, n);
        n->published_all = is_over(n);
    }
    n->published_all = n->published_all || is_over(n);
    if (n->published_all && r->hall->plan.dialect->flush != NULL)
        r->hall->plan.dialect->flush(&r->out);
}

/* Until the next publication is due, or the socket may take more. */
static int64_t pause_ns(const room *r, const run *n)
{
    uint64_t next = 0;

    if (r->out.len != 0)
        return 100000;
    if (n->published_all || n->plan->rate == 0)
        return 1000000000;
    next = n->start_ns + (uint64_t)((double)n->published / n->plan->rate * 1e9);
    return next > n->now_ns ? (int64_t)(next - n->now_ns) : 0;
}

static void perform(room *r, const audience_run_plan *plan, audience_result *result)
{
    hall *h = r->hall;
    uint64_t cpu_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    run n = {.plan = plan, .fan = h->plan.viewers};
    uint64_t last_ns = 0;

    if (h->plan.per_viewer == 1 && h->plan.viewers >= h->plan.channels)
        n.fan = h->plan.viewers / h->plan.channels;
    hall_reset(h);
    n.start_ns = last_ns = h->now_ns = clock_mono_ns();
    while ((!n.published_all || h->received < n.due) && !failed(r)) {
        n.now_ns = clock_mono_ns();
        if (!n.published_all)
            publish_due(r, &n);
        write_publisher(r);
        expectant_turn(r, pause_ns(r, &n), &last_ns);
    }
    result->publications = n.published;
    result->deliveries = n.due;
    result->elapsed_ns = h->now_ns - n.start_ns;
    result->cpu_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
    (void)turn(r, 20000000); /* for what comes too often */
    hall_verify(h, n.published);
}

static void summarize(const histogram *h, audience_result *result)
{
    result->p50_ns = histogram_percentile(h, 50);
    result->p99_ns = histogram_percentile(h, 99);
    result->p999_ns = histogram_percentile(h, 99.9);
    result->max_ns = h->max;
}

/* ---- the process ---- */

static void obey(room *r, const command *c, answer *a)
{
    switch (c->verb) {
    case VERB_CONNECT:
        arrive(r, c, viewer_connect);
        break;
    case VERB_SUBSCRIBE:
        arrive(r, c, viewer_subscribe);
        break;
    case VERB_RUN:
        dial_publisher(r);
        r->running = true;
        perform(r, &c->plan, &a->result);
        r->running = false;
        summarize(&r->hall->latency, &a->result);
        break;
    }
    memcpy(a->error, r->hall->error, sizeof a->error);
}

static hall *new_hall(const audience_plan *plan)
{
    hall *h = calloc(1, sizeof *h);

    if (h == NULL)
        abort(); /* nothing worth saving is lost */
    h->plan = *plan;
    h->viewers = calloc(plan->viewers, sizeof *h->viewers);
    if (h->viewers == NULL)
        abort();
    for (unsigned i = 0; i < plan->viewers; i++)
        h->viewers[i] = (viewer){.index = i, .fd = -1};
    return h;
}

static _Noreturn void audience_main(const audience_plan *plan, int commands)
{
    room r = {
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .commands = commands,
        .publisher = -1,
        .hall = new_hall(plan),
    };

    cpu_pin_client();
    watch(&r, commands, COMMAND_KEY);
    for (;;) {
        command c;
        answer a = {0};

        while (!r.asked)
            (void)turn(&r, -1); /* pings are answered also between runs */
        r.asked = false;
        if (recv(commands, &c, sizeof c, 0) != (ssize_t)sizeof c)
            _exit(0); /* audience_stop() */
        obey(&r, &c, &a);
        if (send(commands, &a, sizeof a, MSG_NOSIGNAL) != (ssize_t)sizeof a)
            _exit(1);
    }
}

/* ---- the other side ---- */

bool audience_start(audience *a, const audience_plan *plan)
{
    int pair[2] = {-1, -1};
    pid_t parent = getpid();

    *a = (audience){.fd = -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    a->pid = fork();
    if (a->pid == 0) {
        (void)close(pair[0]);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        audience_main(plan, pair[1]);
    }
    (void)close(pair[1]);
    if (a->pid > 0) {
        a->fd = pair[0];
        return true;
    }
    (void)close(pair[0]);
    return false;
}

static bool ask(audience *a, const command *c, answer *out)
{
    if (send(a->fd, c, sizeof *c, MSG_NOSIGNAL) != (ssize_t)sizeof *c ||
        recv(a->fd, out, sizeof *out, 0) != (ssize_t)sizeof *out) {
        (void)fprintf(stderr, "the audience is gone\n");
        return false;
    }
    if (out->error[0] == '\0')
        return true;
    (void)fprintf(stderr, "%s\n", out->error);
    return false;
}

bool audience_connect(audience *a, unsigned from, unsigned to)
{
    answer out;

    return ask(a, &(command){.verb = VERB_CONNECT, .from = from, .to = to}, &out);
}

bool audience_subscribe(audience *a, unsigned from, unsigned to)
{
    answer out;

    return ask(a, &(command){.verb = VERB_SUBSCRIBE, .from = from, .to = to}, &out);
}

bool audience_run(audience *a, const audience_run_plan *plan, audience_result *result)
{
    answer out;

    if (!ask(a, &(command){.verb = VERB_RUN, .plan = *plan}, &out))
        return false;
    *result = out.result;
    return true;
}

void audience_stop(audience *a)
{
    if (a->pid <= 0)
        return;
    (void)shutdown(a->fd,
                   SHUT_RDWR); /* close() is not enough: audiences forked later hold it too */
    (void)close(a->fd);
    (void)waitpid(a->pid, NULL, 0);
    *a = (audience){.fd = -1};
}
