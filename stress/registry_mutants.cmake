# What the registry torture must notice, one broken guarantee each.

# Memory is released without a grace period.
add_mutant(registry_churn no_grace registry entry.c memb
  "r->urcu->update_call_rcu((struct rcu_head *)(void *)e->reserved_release, release_cb);"
  "release_cb((struct rcu_head *)(void *)e->reserved_release);")

# An entry whose last reference is gone can be got again.
add_mutant(registry_rivals revived registry entry.c memb
  "while (refs != 0)" "while (true)")

# A removed entry stays in its slot.
add_mutant(registry_churn left_in_slot registry entry.c memb
  "gcasti_slot_free(&r->slots, slot);
}

gcast_err gcast_remove" "(void)r;
}

gcast_err gcast_remove")

# The hint to a removed entry stays.
add_mutant(registry_rivals kept_hint registry entry.c memb
  "gcasti_hint_clear(gcasti_hints_of(r), hash, e);" "(void)hash;")

# The publication of a hint comes late, which is all right, and does not notice that the hint was
# cleared, which is not.
set(expects_own_claim "uint64_t claimed = word | mark;")
add_variant(registry_rivals late_hint registry hints.c memb
  "${expects_own_claim}" "sched_yield(); ${expects_own_claim}")
add_mutant(registry_rivals late_hint registry hints.c memb
  "${expects_own_claim}" "sched_yield(); uint64_t claimed = atomic_load(place);")

# Hints are freed under the look-ups that use them. The window is a few instructions, so only
# ThreadSanitizer, which needs no collision, sees it every time.
if(GCAST_SANITIZE MATCHES thread)
  add_mutant(registry_churn hints_no_grace registry sizing.c memb
    "r->urcu->update_synchronize_rcu();
    gcasti_tsan_acquire(&gcasti_grace_edge);" "")
endif()

# A traversal begun after an add does not reach the newest entry.
add_mutant(registry_churn short_traversal registry traverse.c memb
  "&r->slots.x_top, memory_order_acquire);" "&r->slots.x_top, memory_order_acquire) - 1;")

# A key that is replaced leaves the traversal for a moment.
add_mutant(registry_churn replace_with_gap registry entry.c memb
  "gcasti_slot_publish_later(&r->slots, slot, e);"
  "gcasti_slot_clear(&r->slots, slot);
    gcasti_slot_free(&r->slots, slot);
    slot = gcasti_slot_claim(&r->slots, e);
    __atomic_store_n(&e->x_slot, slot, __ATOMIC_RELAXED);
    gcasti_slot_publish_first(&r->slots, slot, e);")

# Several threads win the same entry.
add_mutant(registry_rivals many_winners registry entry.c memb
  "cds_lfht_del(r->table, gcasti_node_of(e)) == 0;"
  "(cds_lfht_del(r->table, gcasti_node_of(e)), true);")

# The publication of an entry comes late, which is all right, and does not notice that the entry is
# gone, which is not.
set(expects_claim "uintptr_t word = claimed_for(e);")
add_variant(registry_rivals late_publication registry slots.c memb
  "${expects_claim}" "sched_yield(); ${expects_claim}")
add_variant(registry_rivals late_publication_qsbr registry slots.c qsbr
  "${expects_claim}" "sched_yield(); ${expects_claim}")
add_mutant(registry_rivals late_publication registry slots.c memb
  "${expects_claim}" "sched_yield(); uintptr_t word = atomic_load(gcasti_slot_at(s, slot));")

# The publication of a replacement comes late, which is all right, and overtakes a later one or comes
# into a cleared slot, which is not.
add_variant(registry_rivals late_replacement registry slots.c memb
  "    while (comes_after(e, word))" "    sched_yield();
    while (comes_after(e, word))")
add_mutant(registry_rivals late_replacement registry slots.c memb
  "    while (comes_after(e, word))" "    sched_yield();
    while (word != (uintptr_t)e)")

# Memory is not given back.
add_mutant(registry_cycles leaks_slots registry entry.c memb
  "gcasti_slot_free(&r->slots, slot);
}

gcast_err gcast_remove" "gcasti_slot_clear(&r->slots, slot);
}

gcast_err gcast_remove")
