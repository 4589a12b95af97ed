/* SPDX-License-Identifier: MIT */
/*
 * Recovery under churn, without sockets: 200 subscribers on three workers join, leave, come back to
 * recover, and lose their connections, while four threads publish and one removes history.
 *
 * Checked, by every subscriber:
 *   position   what it gets, recovered or live, is the next of the stream: no gap, no duplicate
 *   content    what one publisher published to one channel comes as consecutive numbers
 *   recovery   with a position of this life, whatever is recovered leads to the position it was told
 *   settled    at the end it stands where the channel stands
 *   no alarm   checks, which run all the time, never find that something was missed
 */
#include <inttypes.h>
#include <pthread.h>

#include "clock.h"
#include "hub_history.h"
#include "torture.h"
#include "wire.h"

enum {
    WORKERS = 3,
    PUBLISHERS = 4,
    CHANNELS = 5,
    SEATS_PER_WORKER = 67, /* 200 subscribers and one more */
    CHECK_MS = 3,
};

static const stream_limits keep = {.size = 500, .ttl_ms = 3600000, .meta_ttl_ms = 3600000};

/* What a subscriber knows of a channel; it outlives its connections. */
typedef struct place {
    bool listens;
    bool joined; /* its position has been told */
    bool known;  /* the next is at + 1 */
    uint64_t at; /* offset of the last publication it has got */
    stream_epoch epoch;
    uint32_t last[PUBLISHERS]; /* 0: unknown */
} place;

typedef struct seat seat;

typedef struct subscriber {
    hub_conn conn;
    seat *seat; /* NULL: has left it */
    buf wire;   /* bytes taken and not yet whole messages */
    bool wants_write;
} subscriber;

struct seat {
    subscriber *who; /* NULL: nobody is connected */
    place places[CHANNELS];
};

typedef struct joining {
    hub_join join;
    seat *seat;
    unsigned channel;
    bool must; /* recovery cannot fail for the epoch */
} joining;

typedef struct worker {
    hub_worker *hub;
    uint64_t random;
    seat seats[SEATS_PER_WORKER];
    uint64_t opened;
    uint64_t released;
    uint64_t recovered;
    uint64_t unrecovered;
    uint64_t live;
    pthread_t thread;
} worker;

static torture the;
static hub *the_hub;
static worker workers[WORKERS];
static _Atomic(uint32_t) published[CHANNELS][PUBLISHERS]; /* relaxed: read after joining */
static _Atomic(bool) stop_publishing;
static _Atomic(bool) stop_turns;

static subscriber *of(hub_conn *c)
{
    return container_of(c, subscriber, conn);
}

static worker *worker_of(const subscriber *s)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        if (workers[i].hub == s->conn.worker)
            return &workers[i];
    }
    return NULL;
}

/* ---- what a subscriber gets ---- */

static void take_publication(place *p, unsigned channel, unsigned publisher, uint32_t number,
                             uint64_t offset)
{
    CHECK(publisher < PUBLISHERS, "no such publisher");
    CHECK(!p->known || offset == p->at + 1, "channel %u: %" PRIu64 " after %" PRIu64, channel,
          offset, p->at);
    CHECK(p->last[publisher] == 0 || number == p->last[publisher] + 1,
          "channel %u, publisher %u: %u after %u", channel, publisher, number, p->last[publisher]);
    p->at = offset;
    p->last[publisher] = number;
}

static void take_message(subscriber *s, const char *text)
{
    unsigned channel;
    unsigned publisher;
    uint32_t number;
    uint64_t offset;

    CHECK(sscanf(text,
                 "{\"push\":{\"channel\":\"c%u\",\"pub\":{\"data\":[%u,%" SCNu32
                 "],\"offset\":%" SCNu64,
                 &channel, &publisher, &number, &offset) == 4,
          "an unexpected message: %.120s", text);
    if (s->seat == NULL)
        return; /* nobody reads it any more */

    place *p = &s->seat->places[channel];

    CHECK(p->listens && p->joined, "channel %u: a publication before the position was told",
          channel);
    take_publication(p, channel, publisher, number, offset);
    worker_of(s)->live++;
}

static void take_recovered(place *p, unsigned channel, view publications)
{
    char *text = publications.len == 0 ? strdup("") : strndup(publications.ptr, publications.len);
    const char *at = text;

    CHECK(text != NULL, "out of memory");
    while ((at = strstr(at, "{\"data\":[")) != NULL) {
        unsigned publisher;
        uint32_t number;
        uint64_t offset;

        CHECK(sscanf(at, "{\"data\":[%u,%" SCNu32 "],\"offset\":%" SCNu64, &publisher, &number,
                     &offset) == 3,
              "a publication is broken: %.80s", at);
        take_publication(p, channel, publisher, number, offset);
        at++;
    }
    free(text);
}

static void on_joined(hub_join *j, hub_conn *c, const hub_joined *r)
{
    joining *mine = container_of(j, joining, join);
    place *p = &mine->seat->places[mine->channel];
    worker *w = worker_of(of(c));

    if (r == NULL)
        return; /* it was ended by ourselves */
    CHECK(!r->failed, "out of memory");
    p->joined = true;
    if (r->recovered) {
        w->recovered++;
        take_recovered(p, mine->channel, r->publications);
        CHECK(p->at == r->top.offset, "recovered up to %" PRIu64 " of %" PRIu64, p->at,
              r->top.offset);
        CHECK(mine->must, "recovered from another epoch");
        return;
    }
    w->unrecovered += j->recover ? 1 : 0;
    memset(p->last, 0, sizeof p->last);
    p->at = r->top.offset;
    p->epoch = r->top.epoch;
    p->known = true;
}

/* ---- the sink ---- */

static void take_messages(subscriber *s)
{
    char text[256];
    size_t at = 0;

    while (wire_next(&s->wire, &at, text, sizeof text)) {
        if (*text != '\0')
            take_message(s, text);
    }
    buf_consume(&s->wire, at);
}

static ssize_t sink_write(hub_conn *c, const struct iovec *iov, int count)
{
    subscriber *s = of(c);
    size_t taken = wire_take(&s->wire, iov, count, &worker_of(s)->random);

    take_messages(s);
    return (ssize_t)taken;
}

static void sink_want_write(hub_conn *c, bool on)
{
    of(c)->wants_write = on;
}

static void sink_disconnect(hub_conn *c, uint32_t code, view reason)
{
    (void)c;
    (void)reason;
    CHECK(false, "disconnected with %" PRIu32, code);
}

static void sink_released(hub_conn *c)
{
    subscriber *s = of(c);

    worker_of(s)->released++;
    buf_fini(&s->wire);
    free(s);
}

static void sink_wake(void *arg)
{
    (void)arg; /* the workers never sleep here */
}

static const hub_sink sink = {
    .write = sink_write,
    .want_write = sink_want_write,
    .disconnect = sink_disconnect,
    .released = sink_released,
    .frame = wire_frame,
    .message_len = wire_message_len,
    .wake = sink_wake,
};

/* ---- what subscribers do ---- */

typedef struct channel_name {
    char text[8];
} channel_name;

static channel_name name_of(unsigned channel)
{
    channel_name name;

    (void)snprintf(name.text, sizeof name.text, "c%u", channel);
    return name;
}

static void open_one(worker *w, seat *here)
{
    subscriber *s = calloc(1, sizeof *s);

    CHECK(s != NULL, "out of memory");
    s->seat = here;
    here->who = s;
    hub_conn_init(&s->conn, w->hub);
    CHECK(hub_conn_join(&s->conn, (view){0}, (view){0}) == GCAST_OK, "cannot join");
    w->opened++;
}

static void close_one(seat *here)
{
    subscriber *s = here->who;

    s->seat = NULL;
    here->who = NULL;
    for (unsigned i = 0; i < CHANNELS; i++)
        here->places[i].listens = here->places[i].joined = false;
    hub_conn_leave(&s->conn);
    hub_conn_release(&s->conn);
}

static void join(worker *w, seat *here, unsigned channel)
{
    place *p = &here->places[channel];
    joining *j = calloc(1, sizeof *j);
    uint64_t dice = torture_random(&w->random) % 16;

    CHECK(j != NULL, "out of memory");
    j->seat = here;
    j->channel = channel;
    j->join.meta_ttl_ms = keep.meta_ttl_ms;
    j->join.limit = 300;
    j->join.joined = on_joined;
    j->join.recover = p->known && dice != 0;
    if (dice == 1 && p->at > 3) { /* some again, by its own wish */
        p->at -= 3;
        memset(p->last, 0, sizeof p->last);
    }
    j->must = dice != 2;
    hub_join_since(&j->join, p->at, j->must ? stream_epoch_view(&p->epoch) : VIEW_LIT("_"));
    p->listens = true;
    p->joined = false;
    CHECK(hub_subscribe_positioned(&here->who->conn, view_of(name_of(channel).text), NULL,
                                   &j->join) == GCAST_OK,
          "cannot subscribe");
}

static void leave(seat *here, unsigned channel)
{
    hub_conn *c = &here->who->conn;

    CHECK(hub_unsubscribe(c, view_of(name_of(channel).text)) == GCAST_OK, "was not subscribed");
    hub_conn_send(c, (view){"\0\0\0\0", 4}); /* serves what is due before it */
    if (hub_conn_queued(c) == 0)
        here->places[channel].listens = here->places[channel].joined = false;
    else
        close_one(here); /* what is queued is lost: it will recover that */
}

static void act(worker *w)
{
    seat *here = &w->seats[torture_random(&w->random) % SEATS_PER_WORKER];
    unsigned channel = (unsigned)(torture_random(&w->random) % CHANNELS);

    if (here->who == NULL)
        open_one(w, here);
    else if (torture_random(&w->random) % 16 == 0)
        close_one(here);
    else if (!here->places[channel].listens)
        join(w, here, channel);
    else if (torture_random(&w->random) % 4 == 0)
        leave(here, channel);
    if (here->who != NULL && here->who->wants_write)
        hub_conn_writable(&here->who->conn);
}

static void serve_writers(worker *w)
{
    for (unsigned i = 0; i < SEATS_PER_WORKER; i++) {
        if (w->seats[i].who != NULL && w->seats[i].who->wants_write)
            hub_conn_writable(&w->seats[i].who->conn);
    }
}

/* ---- threads ---- */

static void *worker_main(void *arg)
{
    worker *w = arg;

    hub_thread_enter(the_hub);
    hub_worker_bind(w->hub);
    while (!atomic_load_explicit(&stop_turns, memory_order_acquire)) {
        if (torture_goes_on(&the)) {
            for (int i = 0; i < 4; i++)
                act(w);
        }
        (void)hub_worker_turn(w->hub, clock_mono_ms());
        serve_writers(w);
    }
    hub_worker_bind(NULL);
    hub_thread_leave(the_hub);
    return NULL;
}

static void publish(unsigned publisher, unsigned channel)
{
    char data[32];
    hub_publish_opts opts = {.keep = keep};
    /* relaxed: each counter has one writer */
    uint32_t number =
        atomic_load_explicit(&published[channel][publisher], memory_order_relaxed) + 1;

    (void)snprintf(data, sizeof data, "[%u,%" PRIu32 "]", publisher, number);
    CHECK(hub_publish_opt(the_hub, view_of(name_of(channel).text),
                          &(publication){.data = view_of(data)}, &opts) == GCAST_OK,
          "out of memory");
    atomic_store_explicit(&published[channel][publisher], number, memory_order_relaxed);
}

static void *publisher_main(void *arg)
{
    unsigned self = (unsigned)(uintptr_t)arg;
    uint64_t random = the.seed ^ (self + 1);

    hub_thread_enter(the_hub);
    while (!atomic_load_explicit(&stop_publishing, memory_order_acquire)) {
        unsigned channel = (unsigned)(torture_random(&random) % CHANNELS);

        for (uint64_t burst = torture_random(&random) % 4; burst != 0; burst--)
            publish(self, channel);
        if (self == 0 && torture_random(&random) % 64 == 0)
            CHECK(hub_history_remove(the_hub, view_of(name_of(channel).text)) == GCAST_OK,
                  "out of memory");
        (void)usleep(2000); /* all of it has to be delivered */
    }
    hub_thread_leave(the_hub);
    return NULL;
}

/* ---- the end ---- */

static void drain(void)
{
    for (int round = 0; round < 6; round++) {
        for (unsigned i = 0; i < WORKERS; i++) {
            hub_worker_bind(workers[i].hub);
            while (hub_worker_turn(workers[i].hub, clock_mono_ms()))
                continue;
            serve_writers(&workers[i]);
        }
    }
    hub_worker_bind(NULL);
}

static void check_seat(seat *here)
{
    while (here->who != NULL && here->who->wants_write)
        hub_conn_writable(&here->who->conn);
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        const place *p = &here->places[channel];
        uint64_t top = 0;

        for (unsigned i = 0; i < PUBLISHERS; i++)
            top += atomic_load_explicit(&published[channel][i], memory_order_relaxed);
        if (p->listens)
            CHECK(p->joined && p->at == top, "channel %u: at %" PRIu64 " of %" PRIu64, channel,
                  p->at, top);
    }
    if (here->who != NULL)
        close_one(here);
}

static void check_nothing_left(void)
{
    hub_figures left = hub_count(the_hub);
    worker sum = {0};

    for (unsigned i = 0; i < WORKERS; i++) {
        sum.opened += workers[i].opened;
        sum.released += workers[i].released;
        sum.recovered += workers[i].recovered;
        sum.unrecovered += workers[i].unrecovered;
        sum.live += workers[i].live;
    }
    CHECK(sum.opened == sum.released, "%" PRIu64 " opened, %" PRIu64 " released", sum.opened,
          sum.released);
    CHECK(left.clients == 0 && left.channels == 0 && left.subscriptions == 0,
          "clients %" PRIu64 ", channels %" PRIu64 ", subscriptions %" PRIu64 " are left",
          left.clients, left.channels, left.subscriptions);
    CHECK(sum.recovered != 0 && sum.unrecovered != 0 && sum.live != 0, "nothing was tried");
    (void)printf("connections %" PRIu64 ", recovered %" PRIu64 ", unrecovered %" PRIu64
                 ", live publications %" PRIu64 "\n",
                 sum.opened, sum.recovered, sum.unrecovered, sum.live);
}

int main(int argc, char **argv)
{
    hub_opts opts = {.workers = WORKERS,
                     .queue_max_bytes = SIZE_MAX,
                     .position_check_ms = CHECK_MS,
                     .sink = &sink};
    pthread_t publishers[PUBLISHERS];

    the = torture_begin(argc, argv);
    the_hub = hub_new(&opts);
    CHECK(the_hub != NULL, "out of memory");
    hub_thread_enter(the_hub);
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].random = the.seed + i;
        workers[i].hub = hub_worker_init(the_hub, i, NULL);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        CHECK(pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) == 0, "thread");
    for (unsigned i = 0; i < PUBLISHERS; i++)
        CHECK(pthread_create(&publishers[i], NULL, publisher_main, (void *)(uintptr_t)i) == 0,
              "thread");

    while (torture_goes_on(&the))
        (void)usleep(1000);
    atomic_store_explicit(&stop_publishing, true, memory_order_release);
    for (unsigned i = 0; i < PUBLISHERS; i++)
        (void)pthread_join(publishers[i], NULL);
    atomic_store_explicit(&stop_turns, true, memory_order_release);
    for (unsigned i = 0; i < WORKERS; i++)
        (void)pthread_join(workers[i].thread, NULL);

    drain();
    for (unsigned i = 0; i < WORKERS; i++) {
        for (unsigned k = 0; k < SEATS_PER_WORKER; k++)
            check_seat(&workers[i].seats[k]);
    }
    hub_barrier(the_hub);
    drain();
    check_nothing_left();
    hub_thread_leave(the_hub);
    hub_free(the_hub);
    return 0;
}
