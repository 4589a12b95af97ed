/* SPDX-License-Identifier: MIT */
/* One phase: its activities and their settings by name. */
#include <stdio.h>

#include "plan_internal.h"
#include "stamp.h"
#include "value.h"

static const char *const activity_names[ACT_COUNT] = {
    [ACT_HOLD] = "hold",   [ACT_RAMP] = "ramp",
    [ACT_CHURN] = "churn", [ACT_RESUBSCRIBE] = "resubscribe",
    [ACT_SLOW] = "slow",   [ACT_BROADCAST] = "broadcast",
    [ACT_STORM] = "storm", [ACT_SETTLE] = "settle",
    [ACT_DRAIN] = "drain",
};

static const char *const manner_names[MANNER_COUNT] = {
    [MANNER_CLEAN] = "clean", [MANNER_RESET] = "reset", [MANNER_VANISH] = "vanish",
    [MANNER_STALL] = "stall", [MANNER_IDLE] = "idle",
};

bool plan_complain(buf *errors, const char *what, view text)
{
    buf_printf(errors, "%s: \"%.*s\"\n", what, (int)text.len, text.len == 0 ? "" : text.ptr);
    return false;
}

int plan_name_index(const char *const *names, int count, view name)
{
    for (int i = 0; i < count; i++) {
        if (view_eq(name, view_of(names[i])))
            return i;
    }
    return -1;
}

bool plan_set_name(char *out, view value)
{
    if (value.len == 0 || value.len >= PLAN_NAME_MAX)
        return false;
    memcpy(out, value.ptr, value.len);
    out[value.len] = '\0';
    return true;
}

plan_phase *plan_add_phase(plan *p, buf *errors)
{
    plan_phase *phase = &p->phases[p->phase_count];

    if (p->phase_count == PLAN_MAX_PHASES) {
        buf_printf(errors, "more than %d phases\n", PLAN_MAX_PHASES);
        return NULL;
    }
    p->phase_count++;
    *phase = (plan_phase){
        .ramp = {.rate = 1000},
        .churn = {.rate = 100, .stay_ms = 1000, .hold_ms = 5000, .mix = {[MANNER_CLEAN] = 1}},
        .resubscribe = {.rate = 100},
        .broadcast = {.size = 128},
        .slow = {.share = 0.05},
        .storm = {.within_ms = 30000},
    };
    return phase;
}

bool plan_phase_begin(plan_phase *phase, view activity, buf *errors)
{
    int index = plan_name_index(activity_names, ACT_COUNT, activity);

    if (index < 0)
        return plan_complain(errors, "no such activity", activity);
    phase->has[index] = true;
    return true;
}

bool plan_phase_option(plan_phase *phase, view key, view value, buf *errors)
{
    if (view_eq(key, VIEW_LIT("for"))) {
        if (!value_ms(value, &phase->for_ms))
            return plan_complain(errors, "not a time", value);
        return true;
    }
    if (!plan_set_name(phase->name, value))
        return plan_complain(errors, "not a name for a phase", value);
    return true;
}

/* "clean:70/reset:10": shares of the whole, in any unit */
static bool set_mix(plan_churn *churn, view value)
{
    memset(churn->mix, 0, sizeof churn->mix);
    while (value.len > 0) {
        const char *slash = memchr(value.ptr, '/', value.len);
        view part = {.ptr = value.ptr,
                     .len = slash == NULL ? value.len : (size_t)(slash - value.ptr)};
        const char *colon = memchr(part.ptr, ':', part.len);
        view name = {.ptr = part.ptr, .len = colon == NULL ? 0 : (size_t)(colon - part.ptr)};
        int manner = plan_name_index(manner_names, MANNER_COUNT, name);

        if (manner < 0 || !value_count(view_skip(part, name.len + 1), 1000000, &churn->mix[manner]))
            return false;
        value = view_skip(value, slash == NULL ? value.len : part.len + 1);
    }
    return true;
}

static int set_churn(plan_churn *churn, view key, view value)
{
    if (view_eq(key, VIEW_LIT("rate")))
        return value_rate(value, &churn->rate) && churn->rate > 0;
    if (view_eq(key, VIEW_LIT("stay")))
        return value_ms(value, &churn->stay_ms);
    if (view_eq(key, VIEW_LIT("hold")))
        return value_ms(value, &churn->hold_ms);
    if (view_eq(key, VIEW_LIT("mix")))
        return set_mix(churn, value);
    return -1;
}

static int set_broadcast(plan_broadcast *broadcast, view key, view value)
{
    if (view_eq(key, VIEW_LIT("rate")))
        return value_rate(value, &broadcast->rate) && broadcast->rate > 0;
    if (view_eq(key, VIEW_LIT("hz")))
        return value_rate(value, &broadcast->hz) && broadcast->hz > 0;
    if (view_eq(key, VIEW_LIT("size")))
        return value_count(value, STAMP_MAX_SIZE, &broadcast->size);
    return -1;
}

static int set_slow(plan_slow *slow, view key, view value)
{
    uint32_t bytes = 0;

    if (view_eq(key, VIEW_LIT("share")))
        return value_share(value, &slow->share);
    if (!view_eq(key, VIEW_LIT("bytes-per-s")))
        return -1;
    if (!value_count(value, UINT32_MAX, &bytes))
        return 0;
    slow->bytes_per_s = bytes;
    return 1;
}

static int set_storm(plan_storm *storm, view key, view value)
{
    if (view_eq(key, VIEW_LIT("restart")))
        return value_bool(value, &storm->restart);
    if (view_eq(key, VIEW_LIT("rate")))
        return value_rate(value, &storm->rate);
    if (view_eq(key, VIEW_LIT("within")))
        return value_ms(value, &storm->within_ms) && storm->within_ms > 0;
    return -1;
}

static int set_ramp(plan_ramp *ramp, view key, view value)
{
    if (view_eq(key, VIEW_LIT("connections")))
        return value_count(value, PLAN_MAX_CONNECTIONS, &ramp->connections);
    if (view_eq(key, VIEW_LIT("rate")))
        return value_rate(value, &ramp->rate);
    return -1;
}

static int set_rate_only(double *rate, view key, view value)
{
    if (view_eq(key, VIEW_LIT("rate")))
        return value_rate(value, rate);
    return -1;
}

static int set_activity(plan_phase *phase, int activity, view key, view value)
{
    switch (activity) {
    case ACT_RAMP:
        return set_ramp(&phase->ramp, key, value);
    case ACT_CHURN:
        return set_churn(&phase->churn, key, value);
    case ACT_RESUBSCRIBE:
        return set_rate_only(&phase->resubscribe.rate, key, value);
    case ACT_BROADCAST:
        return set_broadcast(&phase->broadcast, key, value);
    case ACT_SLOW:
        return set_slow(&phase->slow, key, value);
    case ACT_STORM:
        return set_storm(&phase->storm, key, value);
    case ACT_DRAIN:
        return set_rate_only(&phase->drain.rate, key, value);
    default:
        return -1;
    }
}

bool plan_phase_set(plan_phase *phase, view activity, view key, view value, buf *errors)
{
    int index = plan_name_index(activity_names, ACT_COUNT, activity);
    int good = 0;

    if (!plan_phase_begin(phase, activity, errors))
        return false;
    good = set_activity(phase, index, key, value);
    if (good > 0)
        return true;
    buf_printf(errors, good < 0 ? "%.*s: no such setting: %.*s\n" : "%.*s: bad value for %.*s",
               (int)activity.len, activity.ptr, (int)key.len, key.ptr);
    if (good == 0)
        buf_printf(errors, ": \"%.*s\"\n", (int)value.len, value.len == 0 ? "" : value.ptr);
    return false;
}

/* Cuts `text` at the first `mark`; what follows it stays in *text, empty if there is none. */
static view cut(view *text, char mark)
{
    const char *at = text->len == 0 ? NULL : memchr(text->ptr, mark, text->len);
    view part = {.ptr = text->ptr, .len = at == NULL ? text->len : (size_t)(at - text->ptr)};

    *text = view_skip(*text, at == NULL ? text->len : part.len + 1);
    return part;
}

static bool parse_settings(plan_phase *phase, view activity, view settings, buf *errors)
{
    while (settings.len > 0) {
        view value = cut(&settings, ',');
        view key = cut(&value, '=');
        bool of_phase = view_eq(key, VIEW_LIT("for")) || view_eq(key, VIEW_LIT("name"));

        if (of_phase && !plan_phase_option(phase, key, value, errors))
            return false;
        if (!of_phase && !plan_phase_set(phase, activity, key, value, errors))
            return false;
    }
    return true;
}

bool plan_parse_phase(plan *p, view text, buf *errors)
{
    plan_phase *phase = plan_add_phase(p, errors);

    if (phase == NULL)
        return false;
    do {
        view settings = cut(&text, '+');
        view activity = cut(&settings, ':');

        if (!plan_phase_begin(phase, activity, errors) ||
            !parse_settings(phase, activity, settings, errors))
            return false;
    } while (text.len > 0);
    return true;
}

void plan_phase_name(plan_phase *phase)
{
    size_t len = 0;

    if (phase->name[0] != '\0')
        return;
    for (int i = 0; i < ACT_COUNT; i++) {
        if (!phase->has[i] || (i == ACT_HOLD && phase->has[ACT_BROADCAST]))
            continue;
        len += (size_t)snprintf(phase->name + len, sizeof phase->name - len, "%s%s",
                                len == 0 ? "" : "+", activity_names[i]);
    }
}
