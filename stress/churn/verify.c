/* SPDX-License-Identifier: MIT */
/* What arrived against what was promised. */
#include "helper_internal.h"

/* The slot by which a connection listens to a channel; per_connection: by none. */
static uint32_t slot_of_channel(const helper *h, const conn *c, uint32_t channel)
{
    uint32_t first = helper_channel(h, c, 0);
    uint32_t slot = (uint32_t)(((uint64_t)channel + h->plan->channels - first) % h->plan->channels);

    return slot < h->plan->per_connection ? slot : h->plan->per_connection;
}

static uint64_t certain(const helper *h, uint32_t channel, uint64_t from, uint64_t to)
{
    return to - from + 1 - shared_doubtful(&h->shared->channels[channel], from, to);
}

static void judge(helper *h, sub *s, stamp st)
{
    uint64_t from = 0;
    uint64_t to = 0;
    uint64_t last = s->check.last;

    switch (check_see(&s->check, st.seq, h->plan->conflated, &from, &to)) {
    case CHECK_GAP:
        counter_add(&h->tally->lost, certain(h, st.channel, from, to));
        break;
    case CHECK_DUPLICATE:
        counter_add(&h->tally->duplicated, 1);
        break;
    case CHECK_REORDERED:
        counter_add(&h->tally->reordered, 1);
        if (!h->plan->conflated && st.seq >= s->check.floor)
            counter_sub(&h->tally->lost, certain(h, st.channel, st.seq, st.seq));
        break;
    default:
        if (h->plan->conflated && last != 0)
            counter_add(&h->tally->conflated, st.seq - last - 1);
    }
}

sub *verify_arrival(helper *h, conn *c, stamp st, bool live)
{
    uint32_t slot = st.channel < h->plan->channels ? slot_of_channel(h, c, st.channel)
                                                   : h->plan->per_connection;
    sub *s = slot < h->plan->per_connection ? &helper_subs(h, c)[slot] : NULL;

    if (s == NULL || s->state == SUB_OFF || s->state == SUB_ASKED) {
        counter_add(&h->tally->stray, 1);
        return NULL;
    }
    counter_add(&h->tally->deliveries, 1);
    if (live && !c->slow && st.due_ns >= c->late_until_ns && st.due_ns <= h->now_ns)
        hist_record(&h->tally->delivery, h->now_ns - st.due_ns);
    judge(h, s, st);
    return s;
}

void verify_subscribed(helper *h, conn *c, uint32_t slot, bool recovered)
{
    sub *s = &helper_subs(h, c)[slot];
    uint64_t begun = counter_get(&h->shared->channels[helper_channel(h, c, slot)].begun);
    bool asked = s->recoverable;

    s->state = SUB_ON;
    counter_add(&h->tally->subscribes, 1);
    if (asked)
        counter_add(recovered ? &h->tally->recovered : &h->tally->unrecovered, 1);
    if (asked && recovered)
        check_resume(&s->check, begun);
    else
        check_start(&s->check, begun);
}

static uint64_t missing(const helper *h, const conn *c, uint32_t slot, uint64_t upto)
{
    const sub *s = &h->subs[(size_t)(c - h->conns) * h->plan->per_connection + slot];
    uint64_t from = 0;
    uint64_t to = 0;

    if (s->state != SUB_ON || !check_missing(&s->check, upto, h->plan->conflated, &from, &to))
        return 0;
    return certain(h, helper_channel(h, c, slot), from, to);
}

void verify_leaving(helper *h, conn *c)
{
    for (uint32_t slot = 0; slot < h->plan->per_connection; slot++) {
        const shared_channel *channel = &h->shared->channels[helper_channel(h, c, slot)];

        counter_add(&h->tally->lost, missing(h, c, slot, counter_get(&channel->settled)));
    }
}

static uint64_t missing_of(const helper *h, const conn *c)
{
    uint64_t all = 0;

    for (uint32_t slot = 0; slot < h->plan->per_connection; slot++)
        all += missing(h, c, slot,
                       counter_get(&h->shared->channels[helper_channel(h, c, slot)].begun));
    return all;
}

bool verify_settled(helper *h, bool give_up)
{
    uint64_t all = 0;

    if (!give_up && counter_get(&h->shared->publishing) != 0)
        return false;
    for (uint32_t i = 0; i < h->capacity; i++) {
        const conn *c = &h->conns[i];

        if (c->state == CONN_OPEN && c->kind == KIND_STEADY && !c->slow)
            all += missing_of(h, c);
        if (all > 0 && !give_up)
            return false;
    }
    counter_add(&h->tally->lost, all);
    return true;
}
