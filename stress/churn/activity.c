/* SPDX-License-Identifier: MIT */
/* The activities of a phase, each at its own pace. */
#include <stdlib.h>
#include <sys/socket.h>

#include "helper_internal.h"

enum {
    MAX_ACTIONS_PER_TURN = 128, /* of one kind, before sockets get their turn again */
    SLOW_RECEIVE_BUFFER = 4096, /* bytes: little enough that the server notices soon */
    USUAL_RECEIVE_BUFFER = 262144,
    STORM_QUIET_MS = 500, /* everybody must stay for this long to count as back */
};

static uint64_t ms(uint64_t count)
{
    return count * 1000000;
}

static pace start(const helper *h, double rate, uint64_t limit)
{
    return (pace){.start_ns = h->phase_ns, .per_s = rate / h->opts.count, .limit = limit};
}

/* Takes what is due and notes how late we are ourselves. */
static bool take(helper *h, pace *p, uint64_t *instant)
{
    uint64_t now = clock_mono_ns();

    if (!pace_take(p, now, instant))
        return false;
    if (p->per_s > 0)
        hist_record(&h->tally->lateness, now - *instant);
    return true;
}

static bool is_steady(const conn *c)
{
    return c->state != CONN_FREE && c->kind == KIND_STEADY;
}

/* --- ramp */

static void begin_ramp(helper *h)
{
    uint32_t wanted = helper_share(h, h->doing->ramp.connections);
    double rate = h->doing->ramp.rate;

    if (wanted >= h->steady_wanted)
        h->ramp = start(h, rate, wanted - h->steady_wanted);
    else
        h->leave = start(h, rate, h->steady_wanted - wanted);
    h->steady_wanted = wanted;
}

static void turn_ramp(helper *h)
{
    uint64_t instant = 0;

    for (int i = 0; i < MAX_ACTIONS_PER_TURN && take(h, &h->ramp, &instant); i++)
        (void)conn_begin(h, KIND_STEADY, instant);
}

/* The first steady connection from a random place on; NULL: there is none. */
static conn *any_steady(helper *h, bool ready)
{
    uint32_t from = helper_random(h) % h->capacity;

    for (uint32_t i = 0; i < h->capacity; i++) {
        conn *c = &h->conns[(from + i) % h->capacity];

        if (is_steady(c) && (!ready || (c->counted && c->pending == 0)))
            return c;
    }
    return NULL;
}

static void turn_leave(helper *h)
{
    uint64_t instant = 0;

    for (int i = 0; i < MAX_ACTIONS_PER_TURN && take(h, &h->leave, &instant); i++) {
        conn *c = any_steady(h, false);

        if (c != NULL) {
            verify_leaving(h, c);
            c->kind = MANNER_CLEAN; /* it does not come back */
            conn_leave(h, c);
        }
    }
}

/* --- churn */

static uint8_t any_manner(helper *h, const plan_churn *churn)
{
    uint64_t all = 0;
    uint64_t chosen = 0;
    uint8_t manner = 0;

    for (int i = 0; i < MANNER_COUNT; i++)
        all += churn->mix[i];
    chosen = helper_random(h) % all;
    while (chosen >= churn->mix[manner])
        chosen -= churn->mix[manner++];
    return manner;
}

static void turn_churn(helper *h)
{
    uint64_t instant = 0;

    for (int i = 0; i < MAX_ACTIONS_PER_TURN && take(h, &h->churn, &instant); i++)
        (void)conn_begin(h, any_manner(h, &h->doing->churn), instant);
}

static void turn_resubscribe(helper *h)
{
    uint64_t instant = 0;

    for (int i = 0; i < MAX_ACTIONS_PER_TURN && take(h, &h->resubscribe, &instant); i++) {
        conn *c = any_steady(h, true);

        if (c != NULL)
            speak_unsubscribe(h, c, helper_random(h) % h->plan->per_connection);
    }
}

/* --- broadcast */

static void begin_publish(helper *h)
{
    const plan_broadcast *broadcast = &h->doing->broadcast;
    bool echo = h->plan->protocol == PROTOCOL_RAW && h->plan->raw == RAW_ECHO;
    uint32_t channels = echo ? h->doing->ramp.connections : h->plan->channels;

    if (h->opts.index != 0 && !echo)
        return;
    h->publish = (pace){
        .start_ns = h->phase_ns,
        .per_s = broadcast->rate > 0 ? broadcast->rate : broadcast->hz * channels,
        .limit = UINT64_MAX,
    };
    if (echo)
        h->publish.per_s /= h->opts.count;
}

static void turn_publish(helper *h)
{
    for (int i = 0; i < MAX_ACTIONS_PER_TURN; i++) {
        pace before = h->publish;
        uint64_t now = clock_mono_ns();
        uint64_t instant = 0;

        if (!pace_take(&h->publish, now, &instant))
            return;
        if (!courier_publish(h, instant)) {
            h->publish = before; /* it stays due, and its latency grows */
            h->held_up_ns = now;
            return;
        }
        if (instant > h->held_up_ns) /* else it was the server that made us late */
            hist_record(&h->tally->lateness, now - instant);
    }
}

/* --- slow readers */

static void slow_down(helper *h, conn *c)
{
    const int small = SLOW_RECEIVE_BUFFER;

    (void)setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    c->slow = true;
    if (h->doing->slow.bytes_per_s > 0)
        wheel_set(&h->wheel, &c->timer, h->now_ns / 1000000 + 100);
}

static void begin_slow(helper *h)
{
    uint32_t wanted = (uint32_t)((double)h->steady_wanted * h->doing->slow.share + 0.5);

    for (uint32_t i = 0; i < h->capacity && wanted > 0; i++) {
        conn *c = &h->conns[i];

        if (!is_steady(c) || !c->counted || c->pending > 0)
            continue;
        slow_down(h, c);
        wanted--;
    }
}

/* It reads on; what has waited for it says nothing about the server's speed. Should the server have
 * given up on it, with its last words still behind a closed window, the probe shows it. */
static void hurry_up(helper *h, conn *c)
{
    const int usual = USUAL_RECEIVE_BUFFER;
    uint32_t generation = c->generation;

    (void)setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &usual, sizeof usual);
    c->slow = false;
    c->was_slow = true;
    c->late_until_ns = clock_mono_ns();
    wheel_clear(&c->timer);
    conn_read(h, c, SIZE_MAX, true); /* also what made an event while nobody looked */
    if (c->generation == generation)
        conn_probe(h, c);
}

static void end_slow(helper *h)
{
    for (uint32_t i = 0; i < h->capacity; i++) {
        if (h->conns[i].slow)
            hurry_up(h, &h->conns[i]);
    }
}

/* --- storm */

static void begin_storm(helper *h)
{
    uint64_t order = 0;
    double rate = h->doing->storm.rate / h->opts.count;

    h->storming = true;
    h->ready_ns = 0;
    h->restart_ns = h->doing->storm.restart ? 0 : h->phase_ns;
    if (h->doing->storm.restart)
        return;
    for (uint32_t i = 0; i < h->capacity; i++) {
        conn *c = &h->conns[i];
        uint64_t wait = rate > 0 ? (uint64_t)((double)order * 1000 / rate) : 0;

        if (!is_steady(c) || c->state == CONN_WAITING)
            continue;
        verify_leaving(h, c);
        conn_again(h, c, wait);
        order++;
    }
}

/* The server is back, and so is everybody, for a while. */
static bool storm_over(helper *h)
{
    uint64_t now = h->now_ns;
    uint64_t back = counter_get(&h->tally->steady);

    if (h->restart_ns == 0) {
        if (counter_observe(&h->shared->restarts) == h->restarts_before)
            return false;
        h->restart_ns = now;
    }
    if (back < h->steady_wanted)
        h->ready_ns = 0;
    else if (h->ready_ns == 0)
        h->ready_ns = now;
    if (h->ready_ns != 0 && now - h->ready_ns >= ms(STORM_QUIET_MS))
        return true;
    return now - h->restart_ns >= ms(h->doing->storm.within_ms);
}

static void end_storm(helper *h)
{
    uint64_t back = counter_get(&h->tally->steady);

    if (back < h->steady_wanted)
        counter_add(&h->tally->not_back, h->steady_wanted - back);
    h->storming = false;
}

/* --- drain */

static void begin_drain(helper *h)
{
    uint64_t all = 0;

    for (uint32_t i = 0; i < h->capacity; i++)
        all += h->conns[i].state != CONN_FREE && h->conns[i].kind != KIND_PUBLISHER;
    h->drain = start(h, h->doing->drain.rate, all);
    h->steady_wanted = 0;
    h->drained = 0;
}

/* The next one that has not been told to go; NULL: all have. */
static conn *next_to_drain(helper *h)
{
    while (h->drained < h->capacity) {
        conn *c = &h->conns[h->drained++];

        if (c->state != CONN_FREE && c->state != CONN_CLOSING && c->kind != KIND_PUBLISHER)
            return c;
    }
    return NULL;
}

static void turn_drain(helper *h)
{
    uint64_t instant = 0;

    for (int i = 0; i < MAX_ACTIONS_PER_TURN && take(h, &h->drain, &instant); i++) {
        conn *c = next_to_drain(h);

        if (c == NULL)
            return;
        if (c->kind == KIND_STEADY) {
            verify_leaving(h, c);
            c->kind = MANNER_CLEAN;
        }
        conn_leave(h, c);
    }
}

static bool drain_over(const helper *h)
{
    for (uint32_t i = 0; i < h->capacity; i++) {
        if (h->conns[i].state != CONN_FREE && h->conns[i].kind != KIND_PUBLISHER)
            return false;
    }
    return true;
}

/* --- all together */

void activity_begin(helper *h)
{
    const plan_phase *doing = h->doing;

    h->phase_ns = h->now_ns;
    h->ramp = h->leave = h->churn = h->resubscribe = h->publish = h->drain = (pace){0};
    if (doing->has[ACT_RAMP])
        begin_ramp(h);
    if (doing->has[ACT_CHURN])
        h->churn = start(h, doing->churn.rate, UINT64_MAX);
    if (doing->has[ACT_RESUBSCRIBE] && h->plan->protocol == PROTOCOL_CENTRIFUGO)
        h->resubscribe = start(h, doing->resubscribe.rate, UINT64_MAX);
    if (doing->has[ACT_BROADCAST])
        begin_publish(h);
    if (doing->has[ACT_SLOW])
        begin_slow(h);
    if (doing->has[ACT_STORM])
        begin_storm(h);
    if (doing->has[ACT_DRAIN])
        begin_drain(h);
}

void activity_turn(helper *h)
{
    turn_ramp(h);
    turn_leave(h);
    turn_churn(h);
    turn_resubscribe(h);
    turn_publish(h);
    turn_drain(h);
}

/* All are there, or had the time to be. */
static bool ramp_over(const helper *h)
{
    double seconds = h->ramp.per_s > 0 ? (double)h->ramp.limit / h->ramp.per_s : 0;
    uint64_t patience = (uint64_t)(seconds * 1e9) + ms(2 * (uint64_t)h->plan->timeout_ms);

    if (h->now_ns - h->phase_ns >= patience)
        return true;
    return pace_over(&h->ramp) && pace_over(&h->leave) &&
           counter_get(&h->tally->steady) >= h->steady_wanted;
}

bool activity_over(helper *h)
{
    const plan_phase *doing = h->doing;
    uint64_t elapsed = h->now_ns - h->phase_ns;
    bool late = elapsed >= ms(h->plan->settle_ms);

    if (elapsed < ms(doing->for_ms))
        return false;
    if (doing->has[ACT_STORM] && !storm_over(h))
        return false;
    if (doing->has[ACT_RAMP] && !ramp_over(h))
        return false;
    if (doing->has[ACT_SETTLE] && !verify_settled(h, late))
        return false;
    if (doing->has[ACT_DRAIN])
        return drain_over(h);
    return true;
}

void activity_end(helper *h)
{
    h->ramp = h->leave = h->churn = h->resubscribe = h->publish = h->drain = (pace){0};
    if (h->doing->has[ACT_SLOW])
        end_slow(h);
    if (h->doing->has[ACT_STORM])
        end_storm(h);
}

uint64_t activity_wait_ns(const helper *h)
{
    const pace *paces[] = {&h->ramp, &h->leave, &h->churn, &h->resubscribe, &h->publish, &h->drain};
    uint64_t now = clock_mono_ns();
    uint64_t wait = ms(TIMER_TICK_MS);

    for (size_t i = 0; i < sizeof paces / sizeof paces[0]; i++) {
        uint64_t here = pace_wait_ns(paces[i], now);

        if (here < wait)
            wait = here;
    }
    return wait;
}
