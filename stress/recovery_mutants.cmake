# Ways to break the join of a positioned subscription that stress/recovery_churn.c must notice.

add_mutant(recovery_churn no_mark hub position.c memb
  "s->skip = SKIP_ALL;\n    s->join = j;" "s->join = j;")
add_mutant(recovery_churn no_skip hub position.c memb
  "s->skip = p->frames.count;" "s->skip = 0;")
add_mutant(recovery_churn answer_behind hub position.c memb
  "if (j->part->worker == home) {" "if (false) {")
