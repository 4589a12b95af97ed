# Ways to break the mailbox that stress/mailbox_posts.c must notice.

# The poster looks whether the box is empty, and only then posts: the owner comes in between.
add_mutant(mailbox_posts looks_first mailbox mailbox.c memb
  "if (!cds_wfcq_enqueue(&m->head, &m->tail, &l->node))"
  "bool was_empty = cds_wfcq_empty(&m->head, &m->tail);
    sched_yield();
    (void)cds_wfcq_enqueue(&m->head, &m->tail, &l->node);
    if (was_empty)")

# The owner opens one letter of those it has taken out of the box, and forgets the others.
add_mutant(mailbox_posts forgets_rest mailbox mailbox.c memb
  "while ((node = " "if ((node = ")
