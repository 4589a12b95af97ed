/* SPDX-License-Identifier: MIT */
/* Members of JSON objects by name. */
#ifndef CHURN_MEMBER_H
#define CHURN_MEMBER_H

#include "view.h"

/* The value of the first member of that name; an empty view if there is none or `object` is no
 * object. `object` is empty or was accepted by json_valid(). */
view member_of(view object, view name);

#endif
