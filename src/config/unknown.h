/* SPDX-License-Identifier: MIT */
/* What to say about an option that does not exist. */
#ifndef CONFIG_UNKNOWN_H
#define CONFIG_UNKNOWN_H

#include "place.h"

/*
 * `name` is none of ours: an error that names the nearest option there is, or that the option is
 * one of Centrifugo's which this server lacks. A warning only, if `value` asks for nothing that we
 * do not do anyway, and for variables of Centrifugo.
 */
void unknown_option(const place *at, view name, view value);

/* The same within one namespace. */
void unknown_channel_option(const place *at, view name, view value);

#endif
