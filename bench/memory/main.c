/* SPDX-License-Identifier: MIT */
/*
 * What a connection occupies in user memory: as many connections as asked for, without sockets. They
 * are the server's own objects, made and subscribed by its own code; what would go over the wire is
 * thrown away. Each case runs in a process of its own. docs/performance.md says how to read it.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "net_internal.h"
#include "report.h"

enum { DEFAULT_CONNECTIONS = 1000000, ROUNDS = 5, NOW_MS = 1000000, FEW_CHANNELS = 100 };

typedef struct arrangement {
    const char *name;
    unsigned own_every; /* 0: one channel for all; n: a new channel for every n connections */
    bool subscribed;
    const char *namespace;
} arrangement;

static const arrangement arrangements[] = {
    {"connected", 0, false, ""},          {"one-channel", 0, true, ""},
    {"100-each", FEW_CHANNELS, true, ""}, {"own-channel", 1, true, ""},
    {"conflating", 0, true, "live:"},     {"max-rate", 0, true, "calm:"},
};
enum { ARRANGEMENTS = sizeof arrangements / sizeof *arrangements };

typedef struct figures {
    double malloc_bytes; /* per connection: in use, malloc's own overhead included */
    double rss_bytes;
    double arrive_ns;   /* to be made, connect and subscribe */
    double delivery_ns; /* of one publication to one of them */
} figures;

/* ---- a transport that leads nowhere ---- */

static ssize_t sink_write(hub_conn *c, const struct iovec *iov, int count)
{
    ssize_t len = 0;

    (void)c;
    for (int i = 0; i < count; i++)
        len += (ssize_t)iov[i].iov_len;
    return len;
}

static void sink_want_write(hub_conn *c, bool on)
{
    (void)c;
    (void)on;
}

static void sink_disconnect(hub_conn *c, uint32_t code, view reason)
{
    (void)c;
    (void)fprintf(stderr, "bench-memory: disconnected: %u %.*s\n", code, (int)reason.len,
                  reason.ptr);
    _exit(1);
}

static void sink_hold_little(hub_conn *c)
{
    (void)c;
}

static void sink_hasten(hub_conn *c)
{
    (void)c;
}

static void sink_released(hub_conn *c)
{
    (void)c;
}

static frame *sink_frame(view message)
{
    return frame_copy(message);
}

static size_t sink_message_len(view framed)
{
    return framed.len;
}

static void sink_wake(void *arg)
{
    (void)arg;
}

static const hub_sink sink = {
    .write = sink_write,
    .want_write = sink_want_write,
    .hold_little = sink_hold_little,
    .hasten = sink_hasten,
    .disconnect = sink_disconnect,
    .released = sink_released,
    .frame = sink_frame,
    .message_len = sink_message_len,
    .wake = sink_wake,
};

/* ---- one case ---- */

static void *or_die(void *p)
{
    if (p != NULL)
        return p;
    (void)fprintf(stderr, "bench-memory: out of memory\n");
    _exit(1);
}

static config *load_config(void)
{
    char *argv[] = {(char *)"bench-memory", (char *)"--client.insecure",
                    (char *)"--channel.namespaces=[{\"name\":\"live\",\"conflate\":\"latest\"},"
                            "{\"name\":\"calm\",\"max_rate\":10}]"};
    char *const nothing[] = {NULL};
    config_report said = {0};
    config *cfg = NULL;

    if (config_load(3, argv, nothing, &cfg, &said) != CONFIG_OK)
        (void)fprintf(stderr, "%.*s", (int)said.errors.len, said.errors.data);
    return or_die(cfg);
}

/* A house of one worker, which is this thread. */
typedef struct house {
    client_tokens tokens; /* none is accepted */
    client_desk desk;
    hub *hub;
    hub_worker *worker;
} house;

static void house_open(house *h)
{
    config *cfg = load_config();
    hub_opts opts = {.workers = 1, .queue_max_bytes = SIZE_MAX, .sink = &sink};

    h->hub = or_die(hub_new(&opts));
    hub_thread_enter(h->hub);
    h->worker = hub_worker_init(h->hub, 0, NULL);
    hub_worker_bind(h->worker);
    h->tokens = (client_tokens){0};
    if (!client_desk_init(&h->desk, cfg, &h->tokens, h->hub, h->worker, &sink))
        (void)or_die(NULL);
}

static void arrive(house *h, const arrangement *a, unsigned i)
{
    net_conn *c = or_die(calloc(1, sizeof *c)); /* as conn_start() does */
    char text[128];
    int len = 0;

    hub_conn_init(&c->client.conn, h->worker);
    client_open(&c->client, &h->desk, (view){0}, NOW_MS);
    client_message(&c->client, VIEW_LIT("{\"id\":1,\"connect\":{}}"), NOW_MS);
    if (!a->subscribed)
        return;
    len = snprintf(text, sizeof text, "{\"id\":2,\"subscribe\":{\"channel\":\"%snews%07u\"}}",
                   a->namespace, a->own_every == 0 ? 0 : i / a->own_every);
    client_message(&c->client, (view){text, (size_t)len}, NOW_MS);
}

static uint64_t used_bytes(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

static uint64_t rss_bytes(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (f == NULL || fscanf(f, "%*u %lu", &pages) != 1)
        pages = 0;
    if (f != NULL)
        (void)fclose(f);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* One publication to each channel there is, until nothing waits. */
static double deliver(house *h, const arrangement *a, unsigned connections)
{
    unsigned channels = a->own_every == 0 ? 1 : (connections - 1) / a->own_every + 1;
    publication pub = {.data = VIEW_LIT("{\"value\":12345}")};
    uint64_t begin = clock_mono_ns();

    for (unsigned round = 1; round <= ROUNDS; round++) {
        for (unsigned i = 0; i < channels; i++) {
            char name[32];

            (void)snprintf(name, sizeof name, "%snews%07u", a->namespace, i);
            (void)hub_publish(h->hub, view_of(name), &pub);
        }
        while (hub_worker_turn(h->worker, NOW_MS + round * 1000))
            continue;
    }
    return (double)(clock_mono_ns() - begin) / ROUNDS / connections;
}

static figures run_case(const arrangement *a, unsigned connections)
{
    house h;
    figures f = {0};
    uint64_t used = 0;
    uint64_t rss = 0;
    uint64_t begin = 0;

    house_open(&h);
    used = used_bytes();
    rss = rss_bytes();
    begin = clock_mono_ns();
    for (unsigned i = 0; i < connections; i++)
        arrive(&h, a, i);
    f.arrive_ns = (double)(clock_mono_ns() - begin) / connections;
    hub_barrier(h.hub); /* tables that grew have let the old ones go */
    f.malloc_bytes = (double)(used_bytes() - used) / connections;
    f.rss_bytes = ((double)rss_bytes() - (double)rss) / connections;
    if (hub_count(h.hub).clients != connections)
        (void)or_die(NULL);
    f.delivery_ns = a->subscribed ? deliver(&h, a, connections) : 0;
    return f;
}

/* The same in a process of its own; false: it failed. */
static bool run_apart(const arrangement *a, unsigned connections, figures *out)
{
    int ends[2];
    pid_t child = -1;
    bool good = false;

    if (pipe(ends) != 0)
        return false;
    child = fork();
    if (child == 0) {
        figures f = run_case(a, connections);

        _exit(write(ends[1], &f, sizeof f) == (ssize_t)sizeof f ? 0 : 1);
    }
    (void)close(ends[1]);
    good = child > 0 && read(ends[0], out, sizeof *out) == (ssize_t)sizeof *out;
    (void)close(ends[0]);
    if (child > 0)
        (void)waitpid(child, NULL, 0);
    return good;
}

/* ---- the program ---- */

static void report_figures(report *r, const arrangement *a, const char *scene, const figures *f)
{
    report_add(r, a->name, scene, "user_bytes_per_connection", f->malloc_bytes, "bytes");
    report_add(r, a->name, scene, "rss_bytes_per_connection", f->rss_bytes, "bytes");
    report_add(r, a->name, scene, "arrive_ns", f->arrive_ns, "ns");
    if (a->subscribed)
        report_add(r, a->name, scene, "delivery_ns", f->delivery_ns, "ns");
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"connections", required_argument, NULL, 'n'},
                                          {"csv", required_argument, NULL, 'c'},
                                          {NULL, 0, NULL, 0}};
    unsigned long connections = DEFAULT_CONNECTIONS;
    const char *names[ARRANGEMENTS];
    const char *csv = NULL;
    char scene[48];
    report r = {0};

    for (int c = 0; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'n')
            connections = strtoul(optarg, NULL, 10);
        else if (c == 'c')
            csv = optarg;
        if (c == '?' || connections == 0 || connections > 100000000) {
            (void)fprintf(stderr, "Usage: bench-memory [--connections N] [--csv FILE]\n");
            return 2;
        }
    }
    (void)snprintf(scene, sizeof scene, "n=%lu", connections);
    (void)printf("%lu connections without sockets; sizeof(net_conn) = %zu\n", connections,
                 sizeof(net_conn));
    (void)fflush(stdout);
    for (unsigned i = 0; i < ARRANGEMENTS; i++) {
        figures f;

        names[i] = arrangements[i].name;
        if (!run_apart(&arrangements[i], (unsigned)connections, &f)) {
            (void)fprintf(stderr, "bench-memory: %s failed\n", names[i]);
            return 1;
        }
        report_figures(&r, &arrangements[i], scene, &f);
    }
    report_print(&r, names, ARRANGEMENTS,
                 (report_column[]){{"bytes", scene, "user_bytes_per_connection"},
                                   {"resident", scene, "rss_bytes_per_connection"},
                                   {"arrive ns", scene, "arrive_ns"},
                                   {"delivery ns", scene, "delivery_ns"}},
                 4);
    if (csv != NULL && !report_write_csv(&r, csv)) {
        (void)fprintf(stderr, "bench-memory: %s: %s\n", csv, strerror(errno));
        return 1;
    }
    report_fini(&r);
    return 0;
}
