/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "plan_internal.h"
#include "random.h"
#include "value.h"

typedef struct gate_row {
    const char *name;
    double standard;
    const char *text;
} gate_row;

static const gate_row gates[GATE_COUNT] = {
#define X(id, name, standard, text) {name, standard, text},
    PLAN_GATE_MAP(X)
#undef X
};

const char *plan_gate_name(plan_gate gate)
{
    return gates[gate].name;
}

const char *plan_gate_text(plan_gate gate)
{
    return gates[gate].text;
}

static bool set_text(char **to, view text)
{
    char *copy = strndup(text.len == 0 ? "" : text.ptr, text.len);

    if (copy == NULL)
        return false;
    free(*to);
    *to = copy;
    return true;
}

bool plan_init(plan *p)
{
    char prefix[32];

    *p = (plan){
        .name = "custom",
        .channels = 1,
        .per_connection = 1,
        .timeout_ms = 10000,
        .settle_ms = 10000,
        .max_connections = 100000,
        .max_time_s = 3600,
        .publishers = 4,
    };
    for (int i = 0; i < GATE_COUNT; i++)
        p->gates[i] = gates[i].standard;
    /* a name of its own for each run: publications of an earlier one cannot mix in */
    (void)snprintf(prefix, sizeof prefix, "churn-%05x-", random_below(0x100000));
    return set_text(&p->channel_prefix, view_of(prefix));
}

void plan_fini(plan *p)
{
    free(p->raw_send);
    free(p->token);
    free(p->channel_prefix);
    *p = (plan){0};
}

static bool set_choice(int *out, const char *const *names, int count, view value)
{
    *out = plan_name_index(names, count, value);
    return *out >= 0;
}

static bool set_protocol(plan *p, view value)
{
    static const char *const names[] = {"centrifugo", "raw"};
    int choice = 0;

    if (!set_choice(&choice, names, 2, value))
        return false;
    p->protocol = (plan_protocol)choice;
    return true;
}

static bool set_publish(plan *p, view value)
{
    static const char *const names[] = {"auto", "http", "client"};
    int choice = 0;

    if (!set_choice(&choice, names, 3, value))
        return false;
    p->publish = (plan_publish)choice;
    return true;
}

static bool set_raw(plan *p, view value)
{
    static const char *const names[] = {"count", "broadcast", "echo"};
    int choice = 0;

    if (!set_choice(&choice, names, 3, value))
        return false;
    p->raw = (plan_raw)choice;
    return true;
}

static bool at_least_one(bool is_number, uint32_t number)
{
    return is_number && number > 0;
}

/* -1: no such setting; else whether the value was good. */
static int set_number(plan *p, view key, view value)
{
    const struct {
        const char *key;
        uint32_t *out;
        uint32_t max; /* 0: a time */
    } rows[] = {
        {"channels", &p->channels, PLAN_MAX_CHANNELS},
        {"per-connection", &p->per_connection, PLAN_MAX_PER_CONNECTION},
        {"max-connections", &p->max_connections, PLAN_MAX_CONNECTIONS},
        {"publishers", &p->publishers, 64},
        {"timeout", &p->timeout_ms, 0},
        {"settle", &p->settle_ms, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!view_eq(key, view_of(rows[i].key)))
            continue;
        if (rows[i].max == 0)
            return at_least_one(value_ms(value, rows[i].out), *rows[i].out);
        return at_least_one(value_count(value, rows[i].max, rows[i].out), *rows[i].out);
    }
    return -1;
}

static bool set_max_time(plan *p, view value)
{
    uint32_t ms = 0;

    if (!value_ms(value, &ms) || ms < 1000)
        return false;
    p->max_time_s = ms / 1000;
    return true;
}

/* As set_number(). */
static int set_other(plan *p, view key, view value)
{
    if (view_eq(key, VIEW_LIT("name")))
        return plan_set_name(p->name, value);
    if (view_eq(key, VIEW_LIT("about")))
        return true;
    if (view_eq(key, VIEW_LIT("protocol")))
        return set_protocol(p, value);
    if (view_eq(key, VIEW_LIT("publish")))
        return set_publish(p, value);
    if (view_eq(key, VIEW_LIT("raw")))
        return set_raw(p, value);
    if (view_eq(key, VIEW_LIT("raw-send")))
        return set_text(&p->raw_send, value);
    if (view_eq(key, VIEW_LIT("token")))
        return set_text(&p->token, value);
    if (view_eq(key, VIEW_LIT("channel-prefix")))
        return value.len <= 200 && set_text(&p->channel_prefix, value);
    if (view_eq(key, VIEW_LIT("conflated")))
        return value_bool(value, &p->conflated);
    if (view_eq(key, VIEW_LIT("recover")))
        return value_bool(value, &p->recover);
    if (view_eq(key, VIEW_LIT("max-time")))
        return set_max_time(p, value);
    return -1;
}

bool plan_set(plan *p, view key, view value, buf *errors)
{
    int good = set_number(p, key, value);

    if (good < 0)
        good = set_other(p, key, value);
    if (good < 0)
        return plan_complain(errors, "no such setting", key);
    if (good == 0) {
        buf_printf(errors, "%.*s cannot be \"%.*s\"\n", (int)key.len, key.ptr, (int)value.len,
                   value.len == 0 ? "" : value.ptr);
        return false;
    }
    return true;
}

bool plan_set_gate(plan *p, view name, view value, buf *errors)
{
    for (int i = 0; i < GATE_COUNT; i++) {
        if (!view_eq(name, view_of(gates[i].name)))
            continue;
        if (view_eq(value, VIEW_LIT("off")))
            p->gates[i] = NAN;
        else if (!value_number(value, 1e15, &p->gates[i]))
            return plan_complain(errors, "a limit must be a number or off", value);
        return true;
    }
    return plan_complain(errors, "no such limit", name);
}

/* Some activities go on until the phase is over, others bring it to its end. */
static bool ends_by_itself(const plan_phase *phase)
{
    return phase->has[ACT_RAMP] || phase->has[ACT_STORM] || phase->has[ACT_DRAIN] ||
           phase->has[ACT_SETTLE];
}

static bool check_phase(const plan *p, const plan_phase *phase, buf *errors)
{
    const plan_broadcast *broadcast = &phase->broadcast;
    uint64_t mix = 0;

    if (phase->for_ms == 0 && !ends_by_itself(phase)) {
        buf_printf(errors, "the phase %s needs a duration: for=10s\n", phase->name);
        return false;
    }
    if (phase->has[ACT_RAMP] && phase->ramp.connections > p->max_connections) {
        buf_printf(errors, "%u connections are more than max-connections (%u)\n",
                   phase->ramp.connections, p->max_connections);
        return false;
    }
    for (int i = 0; i < MANNER_COUNT; i++)
        mix += phase->churn.mix[i];
    if (mix == 0) {
        buf_printf(errors, "the mix of %s has no shares\n", phase->name);
        return false;
    }
    if (phase->has[ACT_BROADCAST] && (broadcast->rate > 0) == (broadcast->hz > 0)) {
        buf_printf(errors, "%s: broadcast needs either rate (in all) or hz (per channel)\n",
                   phase->name);
        return false;
    }
    return true;
}

/* Before connections are drained, and at the end, what is in flight gets the time to arrive. */
static bool insert_settle(plan *p, size_t at, buf *errors)
{
    plan_phase *added = plan_add_phase(p, errors);

    if (added == NULL)
        return false;

    plan_phase settle = *added;

    memmove(&p->phases[at + 1], &p->phases[at], (p->phase_count - 1 - at) * sizeof settle);
    settle.has[ACT_SETTLE] = true;
    plan_phase_name(&settle);
    p->phases[at] = settle;
    return true;
}

static bool insert_settles(plan *p, buf *errors)
{
    bool in_flight = false;

    for (size_t i = 0; i < p->phase_count; i++) {
        if (p->phases[i].has[ACT_DRAIN] && in_flight) {
            if (!insert_settle(p, i, errors))
                return false;
            i++;
        }
        in_flight = !p->phases[i].has[ACT_DRAIN] && !p->phases[i].has[ACT_SETTLE];
    }
    return !in_flight || insert_settle(p, p->phase_count, errors);
}

bool plan_complete(plan *p, buf *errors)
{
    if (p->phase_count == 0) {
        buf_printf(errors, "nothing to do: give phases or --scenario\n");
        return false;
    }
    if (p->per_connection > p->channels)
        p->per_connection = p->channels;
    for (size_t i = 0; i < p->phase_count; i++) {
        plan_phase_name(&p->phases[i]);
        if (!check_phase(p, &p->phases[i], errors))
            return false;
    }
    if (p->protocol == PROTOCOL_RAW) {
        p->channels = p->raw == RAW_ECHO ? plan_peak(p) : 1; /* an echo is for its sender alone */
        p->per_connection = 1;
    }
    if (plan_peak(p) > p->max_connections) {
        buf_printf(errors, "the phases need %u connections, more than max-connections (%u)\n",
                   plan_peak(p), p->max_connections);
        return false;
    }
    return insert_settles(p, errors);
}

/* Connections of the churn that are there at a time, with some room for slow handshakes. */
static double churning(const plan_churn *churn)
{
    double all = 0;
    double held = 0;

    for (int i = 0; i < MANNER_COUNT; i++)
        all += churn->mix[i];
    held = (double)(churn->mix[MANNER_VANISH] + churn->mix[MANNER_STALL]) / all;
    return churn->rate * ((churn->stay_ms + held * churn->hold_ms) / 1000.0 + 1.0) + 16;
}

uint32_t plan_peak(const plan *p)
{
    double steady = 0;
    double peak = 0;

    for (size_t i = 0; i < p->phase_count; i++) {
        const plan_phase *phase = &p->phases[i];
        double here = 0;

        if (phase->has[ACT_RAMP] && phase->ramp.connections > steady)
            steady = phase->ramp.connections;
        here = steady + (phase->has[ACT_CHURN] ? churning(&phase->churn) : 0);
        if (here > peak)
            peak = here;
    }
    return peak > UINT32_MAX ? UINT32_MAX : (uint32_t)peak;
}

bool plan_does(const plan *p, plan_activity activity)
{
    for (size_t i = 0; i < p->phase_count; i++) {
        if (p->phases[i].has[activity])
            return true;
    }
    return false;
}
