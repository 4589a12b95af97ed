/* SPDX-License-Identifier: MIT */
/* What the configuration says of a channel, in the hub's words. Pure. */
#ifndef CLIENT_RULES_H
#define CLIENT_RULES_H

#include "config.h"
#include "hub.h"
#include "stream.h"

/* How the publications of a channel with these options go out. */
hub_delivery rules_delivery(const config *cfg, const channel_options *o);

/* What such a channel keeps. */
stream_limits rules_keep(const config *cfg, const channel_options *o);

#endif
