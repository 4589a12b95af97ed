# SPDX-License-Identifier: MIT
# The table of ratios in docs/registry.md, from the CSV of bench-registry; see figures.sh.
BEGIN { FS = "," }

{ value[$1, $2, $3] = $4 }

function show(ratio) {
  return sprintf(ratio >= 10 ? "%.0f" : ratio >= 0.095 ? "%.2f" : "%.4f", ratio)
}

# One cell: ours over theirs, or ours alone; a dash for what was not measured
function cell(subject, scene, metric, rival, theirs, ours, other) {
  ours = value[subject, scene, metric]
  other = rival == "" ? 1 : value[rival, scene, theirs]
  return ours == "" || other + 0 == 0 ? "-" : show(ours / other)
}

function row(text, target, metric, rival, theirs, i) {
  printf "| %s | %s |", text, target
  for (i = 1; i <= 4; i++)
    printf " %s |", cell(subjects[i], scenes[i], metric, rival, theirs)
  print ""
}

END {
  split("gracecast-memb gracecast-qsbr gracecast-memb gracecast-qsbr", subjects, " ")
  split("n=100000 n=100000 n=1000000 n=1000000", scenes, " ")
  print "| ours over the other's | target | memb, 100,000 | QSBR, 100,000 | memb, 1,000,000 | QSBR, 1,000,000 |"
  print "| --- | --- | --- | --- | --- | --- |"
  split("register unregister", ops, " ")
  split("mutex rwlock actor mutex-sliced", rivals, " ")
  for (o = 1; o <= 2; o++)
    for (r = 1; r <= 4; r++)
      row(ops[o] " p99 during a broadcast / " rivals[r], r < 4 ? "<= 0.01" : "<= 0.33",
        ops[o] "_p99_us", rivals[r], ops[o] "_p99_us")
  row("look-ups per second during a broadcast / mutex-sliced", ">= 2",
    "lookups_per_s_during_broadcast", "mutex-sliced", "lookups_per_s_during_broadcast")
  row("traversal / lfht-memb", "<= 0.1", "traverse_ns_per_entry", "lfht-memb", "traverse_ns_per_entry")
  row("traversal, ns per entry", "<= 10; 15", "traverse_ns_per_entry", "", "")
  row("look-up / the map unlocked", "<= 2", "lookup_ns", "mutex", "lookup_unlocked_ns")
  row("add and remove / lfht-memb", "<= 1.5", "add_remove_ns", "lfht-memb", "add_remove_ns")
}
