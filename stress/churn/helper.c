/* SPDX-License-Identifier: MIT */
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "helper_internal.h"
#include "random.h"

enum {
    MAX_EVENTS = 256,
    CHECK_MS = 20, /* between two looks at whether the phase is over */
};

uint32_t helper_random(helper *h)
{
    h->random ^= h->random << 13;
    h->random ^= h->random >> 17;
    h->random ^= h->random << 5;
    return h->random;
}

/* One key for all handshakes of a helper: it proves nothing, and SHA-1 is computed once. */
static void prepare_upgrade(helper *h)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 section 1.3 */
    unsigned char nonce[16];
    unsigned char digest[SHA_DIGEST_LENGTH];
    char key[64];
    char joined[128];
    int len = 0;

    random_bytes(nonce, sizeof nonce);
    (void)EVP_EncodeBlock((unsigned char *)key, nonce, sizeof nonce);
    len = snprintf(joined, sizeof joined, "%s%s", key, guid);
    (void)SHA1((const unsigned char *)joined, (size_t)len, digest);
    (void)EVP_EncodeBlock((unsigned char *)h->accept, digest, sizeof digest);
    buf_printf(&h->upgrade,
               "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
               h->opts.ws->path, h->opts.ws->host, key);
}

static bool prepare(helper *h, const helper_opts *opts)
{
    *h = (helper){
        .opts = *opts,
        .plan = opts->plan,
        .shared = opts->shared,
        .tally = &opts->shared->tallies[opts->index],
        .capacity = opts->capacity,
        .next_serial = opts->index,
        .now_ns = clock_mono_ns(),
        .phase = UINT64_MAX,
    };
    random_bytes(&h->random, sizeof h->random);
    h->random |= 1;
    h->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    h->conns = calloc(h->capacity, sizeof *h->conns);
    h->subs = calloc((size_t)h->capacity * h->plan->per_connection, sizeof *h->subs);
    h->free_places = calloc(h->capacity, sizeof *h->free_places);
    h->in = malloc(2 * (size_t)IN_SIZE); /* the second half: the frame being written */
    h->payload = malloc(STAMP_MIN_ROOM + STAMP_MAX_SIZE);
    for (uint32_t i = 0; h->free_places != NULL && i < h->capacity; i++)
        h->free_places[h->free_count++] = h->capacity - 1 - i;
    wheel_init(&h->wheel, h->now_ns / 1000000, TIMER_TICK_MS);
    prepare_upgrade(h);
    return h->epoll_fd >= 0 && h->conns != NULL && h->subs != NULL && h->free_places != NULL &&
           h->in != NULL && h->payload != NULL && !h->upgrade.failed && courier_start_all(h);
}

static void clean_up(helper *h)
{
    for (uint32_t i = 0; h->conns != NULL && i < h->capacity; i++) {
        if (h->conns[i].state != CONN_FREE)
            conn_cut(h, &h->conns[i], true);
    }
    courier_stop_all(h);
    if (h->epoll_fd >= 0)
        (void)close(h->epoll_fd);
    free(h->conns);
    free(h->subs);
    free(h->free_places);
    free(h->in);
    free(h->payload);
    buf_fini(&h->out);
    buf_fini(&h->upgrade);
}

static void on_event(helper *h, const struct epoll_event *event)
{
    uint32_t index = (uint32_t)event->data.u64;
    conn *c = NULL;

    if ((index & EVENT_COURIER) != 0) {
        courier_on_event(h, index & ~(uint32_t)EVENT_COURIER, event->events);
        return;
    }
    c = &h->conns[index];
    if (c->generation == event->data.u64 >> 32 && c->fd >= 0)
        conn_on_event(h, c, event->events);
}

static void wait_for_events(helper *h)
{
    struct epoll_event events[MAX_EVENTS];
    uint64_t wait = activity_wait_ns(h);
    struct timespec timeout = {.tv_nsec = (long)wait};
    int count = epoll_pwait2(h->epoll_fd, events, MAX_EVENTS, &timeout, NULL);

    h->now_ns = clock_mono_ns();
    for (int i = 0; i < count; i++)
        on_event(h, &events[i]);
}

static void on_expired(void *arg, wheel_item *item)
{
    conn_on_timer(arg, container_of(item, conn, timer));
}

static void note_cpu(helper *h)
{
    counter_set(&h->tally->cpu_ns, clock_read_ns(CLOCK_PROCESS_CPUTIME_ID));
}

/* Ends the phase when its part here is done or the conductor says so. */
static void finish_phase(helper *h)
{
    activity_end(h);
    h->reported = true;
    note_cpu(h);
    counter_announce(&h->shared->done[h->opts.index], h->phase + 1);
}

/* How many restarts of the server belong to the phases before this one. */
static uint64_t restarts_before(const helper *h)
{
    uint64_t count = 0;

    for (size_t i = 0; i < h->phase; i++)
        count += h->plan->phases[i].has[ACT_STORM] && h->plan->phases[i].storm.restart;
    return count;
}

/* false: there are no more phases. */
static bool follow_phase(helper *h)
{
    uint64_t phase = counter_observe(&h->shared->phase);

    if (phase != h->phase) {
        if (phase >= h->plan->phase_count)
            return false;
        h->phase = phase;
        h->doing = &h->plan->phases[phase];
        h->restarts_before = restarts_before(h);
        h->reported = false;
        activity_begin(h);
        counter_announce(&h->shared->begun[h->opts.index], phase + 1);
    }
    return true;
}

bool helper_run(const helper_opts *opts)
{
    helper h;
    bool good = prepare(&h, opts);
    uint64_t check_ns = 0;

    while (good && follow_phase(&h)) {
        if (!h.reported)
            activity_turn(&h);
        courier_turn(&h);
        wait_for_events(&h);
        wheel_advance(&h.wheel, h.now_ns / 1000000, on_expired, &h);
        if (h.now_ns < check_ns)
            continue;
        check_ns = h.now_ns + (uint64_t)CHECK_MS * 1000000;
        note_cpu(&h);
        if (!h.reported && (counter_observe(&h.shared->stop) != 0 || activity_over(&h)))
            finish_phase(&h);
    }
    clean_up(&h);
    return good;
}
