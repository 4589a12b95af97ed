/* SPDX-License-Identifier: MIT */
#define URCU_API_MAP
#include <urcu/urcu-qsbr.h>

#include "rcu.h"

static void start_worker(void)
{
    (void)get_default_call_rcu_data(); /* it ends the process if it cannot create the thread */
}

const gcasti_rcu gcasti_rcu_qsbr = {.urcu = &rcu_flavor, .start_worker = start_worker, .index = 1};
