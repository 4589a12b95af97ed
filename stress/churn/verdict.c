/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "run.h"

static double ms_at(const hist *h, double percent)
{
    return (double)hist_percentile(h, percent) / 1e6;
}

/* NAN: there was nothing to judge. */
static double latency(const hist *h, double percent)
{
    return counter_get(&h->count) == 0 ? NAN : ms_at(h, percent);
}

/* The lowest rate of all phases that had churn. */
static double connect_rate(const run *r)
{
    double lowest = NAN;

    for (size_t i = 0; i < r->phase_count; i++) {
        const run_phase *phase = &r->phases[i];
        double rate = phase->took_s > 0 ? (double)phase->connects / phase->took_s : 0;

        if (phase->plan->has[ACT_CHURN] && !(rate >= lowest))
            lowest = rate;
    }
    return lowest;
}

static double value_of(const run *r, plan_gate gate)
{
    const tally *t = r->total;

    switch (gate) {
    case GATE_MAX_LOST:
        return (double)counter_get(&t->lost);
    case GATE_MAX_DUPLICATED:
        return (double)counter_get(&t->duplicated);
    case GATE_MAX_REORDERED:
        return (double)counter_get(&t->reordered);
    case GATE_MAX_STRAY:
        return (double)counter_get(&t->stray);
    case GATE_MAX_CLOSES:
        return (double)(counter_get(&t->closes) + counter_get(&t->unsubscribed));
    case GATE_MAX_FAILURES:
        return (double)(counter_get(&t->failures) + counter_get(&t->strange) +
                        counter_get(&t->unanswered_closes));
    case GATE_MAX_UNPUBLISHED:
        return (double)counter_get(&t->unpublished);
    case GATE_MAX_LEFT_BEHIND:
        return r->left_known ? (double)r->left_behind : NAN;
    case GATE_MAX_NOT_BACK:
        return (double)counter_get(&t->not_back);
    case GATE_MAX_UNRECOVERED:
        return (double)counter_get(&t->unrecovered);
    case GATE_MAX_P50:
        return latency(&t->delivery, 50);
    case GATE_MAX_P99:
        return latency(&t->delivery, 99);
    case GATE_MAX_P999:
        return latency(&t->delivery, 99.9);
    case GATE_MAX_CONNECT_P99:
        return latency(&t->connect, 99);
    case GATE_MAX_SUBSCRIBE_P99:
        return latency(&t->subscribe, 99);
    case GATE_MIN_CONNECT_RATE:
        return connect_rate(r);
    case GATE_MIN_DELIVERIES:
        return (double)counter_get(&t->deliveries);
    default:
        return NAN;
    }
}

verdict verdict_of(const run *r)
{
    verdict v = {.good = !r->broken};

    for (int i = 0; i < GATE_COUNT; i++) {
        bool lower = i == GATE_MIN_CONNECT_RATE || i == GATE_MIN_DELIVERIES;

        v.limit[i] = r->plan->gates[i];
        v.value[i] = value_of(r, (plan_gate)i);
        /* a latency that was asked for and of which there is none fails */
        v.judged[i] = !isnan(v.limit[i]) && (i != GATE_MAX_LEFT_BEHIND || r->left_known);
        v.passed[i] = !v.judged[i] || (lower ? v.value[i] >= v.limit[i] : v.value[i] <= v.limit[i]);
        v.good = v.good && v.passed[i];
    }
    return v;
}
