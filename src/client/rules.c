/* SPDX-License-Identifier: MIT */
#include "rules.h"

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
