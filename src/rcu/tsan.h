/* SPDX-License-Identifier: MIT */
/*
 * Tells ThreadSanitizer of the orderings that liburcu makes where TSan cannot see them, since
 * Debian's liburcu is not built for it. Empty in every other build.
 *
 * Two kinds of edge are told:
 *   entry  what was written to an entry before it was added -> whoever finds it in the table.
 *          release on the entry before cds_lfht_add_unique(); acquire in the match callback.
 *   grace  what readers did in a section, and what was done before call_rcu() -> the callback that
 *          runs a grace period later. release before read_unlock and before call_rcu; acquire in
 *          the callback.
 * Everything else is C11 atomics of our own, which TSan understands.
 */
#ifndef RCU_TSAN_H
#define RCU_TSAN_H

/* What every grace edge hangs on. */
extern const char gcasti_grace_edge;

#if defined(__SANITIZE_THREAD__)
#define GCASTI_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GCASTI_TSAN 1
#endif
#endif

#ifdef GCASTI_TSAN
#include <sanitizer/tsan_interface.h>

static inline void gcasti_tsan_release(const void *edge)
{
    __tsan_release((void *)edge);
}

static inline void gcasti_tsan_acquire(const void *edge)
{
    __tsan_acquire((void *)edge);
}
#else
static inline void gcasti_tsan_release(const void *edge)
{
    (void)edge;
}

static inline void gcasti_tsan_acquire(const void *edge)
{
    (void)edge;
}
#endif

#endif
