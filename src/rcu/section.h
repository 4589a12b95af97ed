/* SPDX-License-Identifier: MIT */
/*
 * Read sections without a detour: liburcu's read lock as inline code, where a call through the
 * flavour's table and another for the thread's own variable would take longer than the lock.
 * liburcu offers these few lines for inlining into any code (see the comments at
 * _urcu_memb_read_lock() in urcu/static/urcu-memb.h). QSBR has nothing to do.
 */
#ifndef RCU_SECTION_H
#define RCU_SECTION_H

#include "rcu.h"
#include "tsan.h"

#ifdef GCASTI_TSAN
/* Inline, it would be checked like our own code, which it was not written for. */
static inline void gcasti_section_begin(const gcasti_rcu *rcu)
{
    rcu->urcu->read_lock();
}

static inline void gcasti_section_end(const gcasti_rcu *rcu)
{
    gcasti_tsan_release(&gcasti_grace_edge);
    rcu->urcu->read_unlock();
}
#else
#include <urcu/static/urcu-memb.h>

static inline void gcasti_section_begin(const gcasti_rcu *rcu)
{
    if (rcu == &gcasti_rcu_memb)
        _urcu_memb_read_lock();
}

static inline void gcasti_section_end(const gcasti_rcu *rcu)
{
    if (rcu == &gcasti_rcu_memb)
        _urcu_memb_read_unlock();
}
#endif

#endif
