/* SPDX-License-Identifier: MIT */
#include "rules.h"

#include "json.h"

hub_delivery rules_delivery(const config *cfg, const channel_options *o)
{
    uint64_t interval = o->flush_interval_ms;

    return (hub_delivery){
        .flush_ms = (uint32_t)(interval != 0 ? interval : cfg->delivery.flush_interval_ms),
        .latest = config_conflates(o),
        .key_tag = o->conflate_key,
    };
}

stream_limits rules_keep(const config *cfg, const channel_options *o)
{
    return (stream_limits){
        .size = o->history_size,
        .ttl_ms = o->history_ttl_ms,
        .meta_ttl_ms = config_history_meta_ttl_ms(cfg, o),
    };
}

/* The rate that `data` asks for; 0: none. false: it is not a whole number above 0. */
static bool asked_rate(view data, uint64_t *rate)
{
    json_iter it;
    view key;
    view value;
    bool good = true;

    *rate = 0;
    if (json_kind_of(data) != JSON_KIND_OBJECT || !json_iter_init(&it, data))
        return true;
    while (json_iter_next(&it, &key, &value)) {
        if (json_string_is(key, VIEW_LIT("max_rate")))
            good = json_u64(value, rate) && *rate != 0;
    }
    return good;
}

bool rules_interval(const channel_options *o, view data, uint32_t *interval_ms)
{
    uint64_t rate = o->max_rate;
    uint64_t asked;

    if (!asked_rate(data, &asked))
        return false;
    if (asked != 0 && (rate == 0 || asked < rate))
        rate = asked;
    /* a millisecond is as short as intervals get */
    *interval_ms = rate == 0 || rate > 1000 ? 0 : (uint32_t)((1000 + rate - 1) / rate);
    return true;
}
