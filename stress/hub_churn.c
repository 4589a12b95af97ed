/* SPDX-License-Identifier: MIT */
/*
 * The hub under churn, without sockets: workers that connect, subscribe, publish, leave and serve
 * sockets that take as much as they like; beside them threads that publish, and threads that send
 * errands to one connection, a user's, or all.
 *
 * Checked:
 *   order      what one publisher published to one channel arrives at every subscription as
 *              consecutive numbers, from the first that arrives on: nothing lost, doubled, reordered.
 *              Where only the newest counts (a third of the channels by conflation, a third by rate)
 *              they need only grow
 *   settled    at the end every subscription has the last publication of every publisher
 *   lifetime   no letter, publication or errand touches a connection after its release: connections
 *              are poisoned before they are freed (ASan sees what the poison does not)
 *   nothing left   all connections released, registries and groups empty
 */
#include <inttypes.h>
#include <pthread.h>

#include "clock.h"
#include "hub.h"
#include "torture.h"
#include "wire.h"

enum {
    WORKERS = 3,
    PUBLISHERS = WORKERS + 1, /* the workers themselves, and one thread that is none */
    CHANNELS = 40,            /* the first has almost everybody, the others come and go */
    USERS = 20,
    CONNS_PER_WORKER = 300,
    LIVE = 0x11fe11fe,
    DEAD = 0xdeaddead,
    INTERVAL_MS = 50,
};

typedef struct subscriber {
    hub_conn conn;
    uint32_t magic;
    unsigned slot; /* in its worker's table */
    buf wire;      /* bytes taken and not yet whole messages */
    bool wants_write;
    bool ended; /* disconnected by an errand */
    bool listens[CHANNELS];
    bool is_told[CHANNELS];
    uint32_t last[CHANNELS][PUBLISHERS]; /* 0: nothing yet in this subscription */
} subscriber;

typedef struct worker {
    hub_worker *hub;
    unsigned index;
    uint64_t random;
    subscriber *conns[CONNS_PER_WORKER];
    uint64_t opened;
    uint64_t released;
    uint64_t messages;
    uint64_t rolls;
    hub_roll *roll; /* under way; NULL: none */
    pthread_t thread;
} worker;

static torture the;
static hub *the_hub;
static worker workers[WORKERS];
static _Atomic(uint32_t) published[CHANNELS][PUBLISHERS]; /* relaxed: read after joining */
static _Atomic(bool) stop_publishing;
static _Atomic(bool) stop_turns;
static _Atomic(uint32_t) settled;

/* ---- the sink ---- */

static subscriber *of(hub_conn *c)
{
    subscriber *s = container_of(c, subscriber, conn);

    CHECK(s->magic == LIVE, "a connection was used after its release");
    return s;
}

static worker *worker_of(subscriber *s)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        if (workers[i].hub == s->conn.worker)
            return &workers[i];
    }
    return NULL;
}

/* Where each publisher is a key of its own. */
static bool conflates(unsigned channel)
{
    return channel % 3 != 0;
}

static hub_sub_opts opts_of(unsigned channel)
{
    return (hub_sub_opts){
        .delivery = {.latest = conflates(channel), .key_tag = VIEW_LIT("publisher")},
        .interval_ms = channel % 3 == 2 ? INTERVAL_MS : 0,
    };
}

static void take_publication(subscriber *s, const char *text)
{
    unsigned channel;
    unsigned publisher;
    uint32_t number;

    CHECK(sscanf(text, "{\"push\":{\"channel\":\"c%u\",\"pub\":{\"data\":[%u,%" SCNu32, &channel,
                 &publisher, &number) == 3,
          "a message is broken: %.80s", text);
    CHECK(channel < CHANNELS && s->listens[channel],
          "a publication of a channel not subscribed to");

    uint32_t *last = &s->last[channel][publisher];

    CHECK(*last == 0 || number == *last + 1 || (conflates(channel) && number > *last),
          "publisher %u, channel %u: %u after %u", publisher, channel, number, *last);
    *last = number;
}

/* A join or leave. */
static void take_telling(const subscriber *s, const char *text)
{
    unsigned channel;
    char what[8];

    CHECK(sscanf(text, "{\"push\":{\"channel\":\"c%u\",\"%7[a-z]\":{\"info\":", &channel, what) ==
                  2 &&
              (strcmp(what, "join") == 0 || strcmp(what, "leave") == 0),
          "a message is broken: %.80s", text);
    CHECK(channel < CHANNELS && s->listens[channel] && s->is_told[channel],
          "told of a channel that it did not ask about: %.80s", text);
}

static void take_messages(subscriber *s)
{
    char text[256];
    size_t at = 0;

    while (wire_next(&s->wire, &at, text, sizeof text)) {
        if (strstr(text, "\"pub\"") != NULL)
            take_publication(s, text);
        else if (strstr(text, "\"info\"") != NULL)
            take_telling(s, text);
        worker_of(s)->messages++;
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

static void sink_hold_little(hub_conn *c)
{
    (void)c;
}

static void sink_disconnect(hub_conn *c, uint32_t code, view reason)
{
    subscriber *s = of(c);

    (void)code;
    (void)reason;
    s->ended = true;
    hub_conn_leave(c);
}

static void sink_released(hub_conn *c)
{
    subscriber *s = of(c);
    worker *w = worker_of(s);

    w->released++;
    buf_fini(&s->wire);
    s->magic = DEAD;
    free(s);
}

static void sink_wake(void *arg)
{
    (void)arg; /* the workers never sleep here */
}

static const hub_sink sink = {
    .write = sink_write,
    .want_write = sink_want_write,
    .hold_little = sink_hold_little,
    .disconnect = sink_disconnect,
    .released = sink_released,
    .frame = wire_frame,
    .message_len = wire_message_len,
    .wake = sink_wake,
};

/* ---- what everybody does ---- */

/* Half of all publications go to the large channel. */
static unsigned any_channel(uint64_t *random)
{
    uint64_t r = torture_random(random);

    return r % 2 == 0 ? 0 : (unsigned)(r / 2 % CHANNELS);
}

static void publish(unsigned publisher, unsigned channel)
{
    char name[8];
    char data[32];
    char tags[32];
    /* relaxed: each counter has one writer */
    uint32_t number =
        atomic_load_explicit(&published[channel][publisher], memory_order_relaxed) + 1;

    (void)snprintf(name, sizeof name, "c%u", channel);
    (void)snprintf(data, sizeof data, "[%u,%" PRIu32 "]", publisher, number);
    (void)snprintf(tags, sizeof tags, "{\"publisher\":\"%u\"}", publisher);

    publication pub = {.data = view_of(data), .tags = view_of(tags)};

    CHECK(hub_publish(the_hub, view_of(name), &pub) == GCAST_OK, "out of memory");
    atomic_store_explicit(&published[channel][publisher], number, memory_order_relaxed);
}

static void toggle(worker *w, subscriber *s, unsigned channel);

static void open_one(worker *w, unsigned slot)
{
    subscriber *s = calloc(1, sizeof *s);
    char user[8] = "";

    CHECK(s != NULL, "out of memory");
    s->magic = LIVE;
    s->slot = slot;
    if (torture_random(&w->random) % 2 == 0)
        (void)snprintf(user, sizeof user, "u%u", (unsigned)(torture_random(&w->random) % USERS));
    hub_conn_init(&s->conn, w->hub);
    CHECK(hub_conn_join(&s->conn, view_of(user), (view){0}) == GCAST_OK, "cannot join");
    w->conns[slot] = s;
    w->opened++;
    if (torture_random(&w->random) % 8 != 0)
        toggle(w, s, 0);
}

static void close_one(worker *w, unsigned slot)
{
    subscriber *s = w->conns[slot];

    w->conns[slot] = NULL;
    hub_conn_leave(&s->conn);
    hub_conn_release(&s->conn);
}

static void toggle(worker *w, subscriber *s, unsigned channel)
{
    char name[8];

    (void)snprintf(name, sizeof name, "c%u", channel);
    if (s->listens[channel]) {
        CHECK(hub_unsubscribe(&s->conn, view_of(name)) == GCAST_OK, "was not subscribed");
        hub_conn_send(&s->conn, (view){"\0\0\0\0", 4}); /* serves what is due before it */
        if (hub_conn_queued(&s->conn) == 0)
            s->listens[channel] = false; /* nothing of the channel may follow */
        else
            close_one(w, s->slot);
        return;
    }
    memset(s->last[channel], 0, sizeof s->last[channel]);
    s->listens[channel] = true;

    hub_sub_opts opts = opts_of(channel);

    s->is_told[channel] = torture_random(&w->random) % 4 == 0;
    opts.flags = channel % 2 == 0 ? 0 : HUB_SUB_TELLS;
    opts.flags |= s->is_told[channel] ? HUB_SUB_IS_TOLD : 0;
    CHECK(hub_subscribe(&s->conn, view_of(name), &opts) == GCAST_OK, "cannot subscribe");
}

static void end_roll(void *arg)
{
    worker *w = arg;

    CHECK(!hub_roll_failed(w->roll), "out of memory");
    hub_roll_free(w->roll);
    w->roll = NULL;
    w->rolls++;
}

/* Who is in the large channel? Some of the time the answer is not waited for. */
static void call_roll(worker *w)
{
    if (w->roll != NULL && torture_random(&w->random) % 4 == 0) {
        hub_roll_free(w->roll);
        w->roll = NULL;
    }
    if (w->roll != NULL)
        return;
    w->roll = hub_roll_new(the_hub, VIEW_LIT("c0"), torture_random(&w->random) % 2 == 0);
    CHECK(w->roll != NULL, "out of memory");
    if (hub_roll_call(w->roll, end_roll, w))
        end_roll(w);
}

static void act(worker *w)
{
    unsigned slot = (unsigned)(torture_random(&w->random) % CONNS_PER_WORKER);
    subscriber *s = w->conns[slot];

    if (s == NULL)
        open_one(w, slot);
    else if (s->ended || torture_random(&w->random) % 4 == 0)
        close_one(w, slot);
    else if (torture_random(&w->random) % 4 != 0)
        toggle(w, s, (unsigned)(torture_random(&w->random) % CHANNELS));
    else if (s->wants_write)
        hub_conn_writable(&s->conn);
}

static void serve_writers(worker *w)
{
    for (unsigned i = 0; i < CONNS_PER_WORKER; i++) {
        if (w->conns[i] != NULL && w->conns[i]->wants_write)
            hub_conn_writable(&w->conns[i]->conn);
    }
}

/* ---- threads ---- */

static void *worker_main(void *arg)
{
    worker *w = arg;

    hub_thread_enter(the_hub);
    hub_worker_bind(w->hub);
    while (torture_goes_on(&the)) {
        for (int i = 0; i < 16; i++) {
            if (torture_random(&w->random) % 16 == 0)
                publish(w->index, any_channel(&w->random));
            else
                act(w);
        }
        if (torture_random(&w->random) % 64 == 0)
            call_roll(w);
        (void)hub_worker_turn(w->hub, clock_mono_ms());
    }
    if (w->roll != NULL)
        hub_roll_free(w->roll);
    atomic_fetch_add_explicit(&settled, 1, memory_order_release);
    while (!atomic_load_explicit(&stop_turns, memory_order_acquire)) {
        (void)hub_worker_turn(w->hub, clock_mono_ms());
        serve_writers(w);
        (void)usleep(100); /* lets the others have the CPU; nothing is timed by it */
    }
    hub_worker_bind(NULL);
    hub_thread_leave(the_hub);
    return NULL;
}

static void *publisher_main(void *arg)
{
    uint64_t random = the.seed ^ 1;

    (void)arg;
    hub_thread_enter(the_hub);
    while (!atomic_load_explicit(&stop_publishing, memory_order_acquire)) {
        publish(WORKERS, any_channel(&random));
        (void)usleep(500); /* the workers publish too; all of it has to be delivered */
    }
    hub_thread_leave(the_hub);
    return NULL;
}

static void call_roll_outside(void)
{
    hub_roll *r = hub_roll_new(the_hub, VIEW_LIT("c1"), true);

    CHECK(r != NULL && hub_roll_call(r, NULL, NULL) && !hub_roll_failed(r), "out of memory");
    hub_roll_free(r);
}

static void *errands_main(void *arg)
{
    uint64_t random = the.seed ^ 2;

    (void)arg;
    hub_thread_enter(the_hub);
    while (!atomic_load_explicit(&stop_publishing, memory_order_acquire)) {
        char user[8];
        hub_select who = {.any_user = true};
        unsigned what = (unsigned)(torture_random(&random) % 8);

        (void)snprintf(user, sizeof user, "u%u", (unsigned)(torture_random(&random) % USERS));
        if (what != 0)
            who = (hub_select){.user = view_of(user)};
        if (what == 1)
            CHECK(hub_disconnect(the_hub, &who, 3000, VIEW_LIT("bye")) >= 0, "out of memory");
        else
            CHECK(hub_send_message(the_hub, &who, VIEW_LIT("1")) >= 0, "out of memory");
        call_roll_outside();
        (void)usleep(200);
    }
    hub_thread_leave(the_hub);
    return NULL;
}

/* ---- the end ---- */

/* On the main thread, after the workers: opens what is left in the mailboxes. */
static void drain(void)
{
    uint64_t now_ms = clock_mono_ms();

    for (int round = 0; round < 5; round++) {
        now_ms += INTERVAL_MS; /* what waits for the end of one goes out in the next round */
        for (unsigned i = 0; i < WORKERS; i++) {
            hub_worker_bind(workers[i].hub);
            while (hub_worker_turn(workers[i].hub, now_ms))
                continue;
            serve_writers(&workers[i]);
        }
    }
    hub_worker_bind(NULL);
}

static void check_settled(subscriber *s)
{
    while (s->wants_write)
        hub_conn_writable(&s->conn);
    for (unsigned channel = 0; channel < CHANNELS && !s->ended; channel++) {
        for (unsigned p = 0; p < PUBLISHERS && s->listens[channel]; p++) {
            uint32_t last = atomic_load_explicit(&published[channel][p], memory_order_relaxed);

            if (s->last[channel][p] == 0 && p != WORKERS)
                continue; /* subscribed after this publisher's last; the outside one went on */
            CHECK(s->last[channel][p] == last, "channel %u, publisher %u: %u of %u arrived",
                  channel, p, s->last[channel][p], last);
        }
    }
}

static void close_all(void)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        for (unsigned k = 0; k < CONNS_PER_WORKER; k++) {
            if (workers[i].conns[k] == NULL)
                continue;
            check_settled(workers[i].conns[k]);
            close_one(&workers[i], k);
        }
    }
}

static void check_nothing_left(void)
{
    hub_figures left = hub_count(the_hub);
    uint64_t opened = 0;
    uint64_t released = 0;
    uint64_t messages = 0;
    uint64_t rolls = 0;

    for (unsigned i = 0; i < WORKERS; i++) {
        opened += workers[i].opened;
        released += workers[i].released;
        messages += workers[i].messages;
        rolls += workers[i].rolls;
    }
    CHECK(opened == released, "%" PRIu64 " opened, %" PRIu64 " released", opened, released);
    CHECK(left.clients == 0 && left.users == 0 && left.channels == 0 && left.subscriptions == 0,
          "clients %" PRIu64 ", users %" PRIu64 ", channels %" PRIu64 ", subscriptions %" PRIu64
          " are left",
          left.clients, left.users, left.channels, left.subscriptions);
    (void)printf("connections %" PRIu64 ", messages %" PRIu64 ", roll calls %" PRIu64 "\n", opened,
                 messages, rolls);
}

int main(int argc, char **argv)
{
    hub_opts opts = {.workers = WORKERS, .queue_max_bytes = SIZE_MAX, .sink = &sink};
    pthread_t publisher;
    pthread_t errands;

    the = torture_begin(argc, argv);
    the_hub = hub_new(&opts);
    CHECK(the_hub != NULL, "out of memory");
    hub_thread_enter(the_hub);
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (worker){.index = i, .random = the.seed + i};
        workers[i].hub = hub_worker_init(the_hub, i, NULL);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        CHECK(pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) == 0, "thread");
    CHECK(pthread_create(&publisher, NULL, publisher_main, NULL) == 0, "thread");
    CHECK(pthread_create(&errands, NULL, errands_main, NULL) == 0, "thread");

    while (torture_goes_on(&the))
        (void)usleep(1000);
    atomic_store_explicit(&stop_publishing, true, memory_order_release);
    (void)pthread_join(publisher, NULL);
    (void)pthread_join(errands, NULL);
    while (atomic_load_explicit(&settled, memory_order_acquire) != WORKERS)
        (void)usleep(1000);
    for (int round = 0; round < 2; round++) {
        for (unsigned channel = 0; channel < CHANNELS; channel++)
            publish(WORKERS, channel); /* one more, that everybody must get... */
        (void)usleep(500);             /* ...and one that has to wait where there is a rate */
    }
    atomic_store_explicit(&stop_turns, true, memory_order_release);
    for (unsigned i = 0; i < WORKERS; i++)
        (void)pthread_join(workers[i].thread, NULL);

    drain();
    close_all();
    hub_barrier(the_hub);
    drain();
    check_nothing_left();
    hub_thread_leave(the_hub);
    hub_free(the_hub);
    return 0;
}
