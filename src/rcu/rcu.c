/* SPDX-License-Identifier: MIT */
#include "rcu.h"
#include "tsan.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

const char gcasti_grace_edge;

/* owner: how often this thread has entered each flavour */
static _Thread_local unsigned entered[2];

void gcasti_signals_block(sigset_t *saved)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, saved);
}

void gcasti_signals_restore(const sigset_t *saved)
{
    (void)pthread_sigmask(SIG_SETMASK, saved, NULL);
}

void gcasti_thread_enter(const gcasti_rcu *rcu)
{
    if (entered[rcu->index]++ == 0)
        rcu->urcu->register_thread();
}

void gcasti_thread_leave(const gcasti_rcu *rcu)
{
    assert(entered[rcu->index] > 0);
    if (--entered[rcu->index] == 0)
        rcu->urcu->unregister_thread();
}

bool gcasti_thread_entered(const gcasti_rcu *rcu)
{
    return entered[rcu->index] > 0;
}
