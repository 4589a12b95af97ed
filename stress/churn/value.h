/* SPDX-License-Identifier: MIT */
/* Values as people write them: 10s, 1.5k, 5%, yes. */
#ifndef CHURN_VALUE_H
#define CHURN_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "view.h"

/* false: not such a value, or not within 0..max. */
bool value_number(view text, double max, double *out);    /* 5000 5k 1.5M */
bool value_count(view text, uint32_t max, uint32_t *out); /* the same, whole */
bool value_ms(view text, uint32_t *out);                  /* 250ms 10s 5m 1h; 10 = seconds */
bool value_rate(view text, double *out);                  /* per second: 1000 1k/s 10Hz */
bool value_share(view text, double *out);                 /* 5% 0.05 */
bool value_bool(view text, bool *out);                    /* yes no true false on off */

#endif
