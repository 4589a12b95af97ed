/* SPDX-License-Identifier: MIT */
/*
 * What the registry needs of liburcu, for either of two flavours: the flavour's function table, its
 * background worker started without our signals, and thread registration that nests, so that one
 * thread may use several registries.
 */
#ifndef RCU_RCU_H
#define RCU_RCU_H

#include <signal.h>
#include <stdbool.h>

#include <urcu/call-rcu.h>
#include <urcu/flavor.h>

typedef struct gcasti_rcu {
    const struct rcu_flavor_struct *urcu; /* const */
    void (*start_worker)(void); /* creates the flavour's call_rcu thread if it is not there */
    unsigned index;             /* const: which of the per-thread counts is this flavour's */
} gcasti_rcu;

extern const gcasti_rcu gcasti_rcu_memb;
extern const gcasti_rcu gcasti_rcu_qsbr;

/*
 * Between these two calls the calling thread takes no signal, nor does any thread created
 * meanwhile, ever: liburcu before 0.14 does not block signals in its own threads, which would then
 * run the program's handlers.
 */
void gcasti_signals_block(sigset_t *saved);
void gcasti_signals_restore(const sigset_t *saved);

/* Registers the calling thread with the flavour, or counts one more registration. */
void gcasti_thread_enter(const gcasti_rcu *rcu);
/* Undoes one enter; the last one unregisters. */
void gcasti_thread_leave(const gcasti_rcu *rcu);
/* Whether the calling thread has entered; for assertions. */
bool gcasti_thread_entered(const gcasti_rcu *rcu);

#endif
