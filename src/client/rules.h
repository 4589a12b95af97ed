/* SPDX-License-Identifier: MIT */
/* What the configuration says of a channel, in the hub's words. Pure. */
#ifndef CLIENT_RULES_H
#define CLIENT_RULES_H

#include "config.h"
#include "hub.h"
#include "stream.h"

/* How the publications of a channel with these options go out. */
hub_delivery rules_delivery(const config *cfg, const channel_options *o);

/* In what interval a subscriber gets only the newest, by the options' rate or the lower one that it asks
 * for with `data`, raw JSON or empty; 0: it gets all. false: it asks for none that there is. */
bool rules_interval(const channel_options *o, view data, uint32_t *interval_ms);

/* What such a channel keeps. */
stream_limits rules_keep(const config *cfg, const channel_options *o);

#endif
