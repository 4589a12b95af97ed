# SPDX-License-Identifier: MIT
# Draws the figures of bench-registry:
#   gnuplot -c bench/registry/plot.gp registry.csv docs
# makes docs/registry-latency.svg and docs/registry-traverse.svg.
csv = ARG1
dir = ARG2

set terminal svg size 860,460 font "sans,13" background "white"
set datafile separator ","
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set logscale y
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set xtics rotate by 30 right
set format y "%.0f"
set key outside top center horizontal
set bmargin 6

# The rows of one metric in one case, in the order of the file, which is that of the subjects.
rows(scene, metric) = \
  sprintf("< awk -F, '$2 == \"n=%s\" && $3 == \"%s\"' '%s'", scene, metric, csv)

set output dir . "/registry-latency.svg"
set title "Registering while another thread broadcasts: 100,000 entries, microseconds from the due time"
set ylabel "microseconds, logarithmic"
plot rows("100000", "register_p50_us") using 4:xtic(1) title "median" lc rgb "#9ecae1", \
     rows("100000", "register_p99_us") using 4 title "99th percentile" lc rgb "#3182bd", \
     rows("100000", "register_max_us") using 4 title "maximum" lc rgb "#08306b"

set output dir . "/registry-traverse.svg"
set title "Visiting all entries, nothing else going on: nanoseconds per entry"
set ylabel "nanoseconds, logarithmic"
# A run with --quick has no 1,000,000.
large = system(sprintf("grep -c '^mutex,n=1000000,traverse_ns_per_entry,' '%s' || true", csv)) + 0
if (large > 0) {
  plot rows("1000", "traverse_ns_per_entry") using 4:xtic(1) title "1,000" lc rgb "#9ecae1", \
       rows("100000", "traverse_ns_per_entry") using 4 title "100,000" lc rgb "#3182bd", \
       rows("1000000", "traverse_ns_per_entry") using 4 title "1,000,000 entries" lc rgb "#08306b"
} else {
  plot rows("1000", "traverse_ns_per_entry") using 4:xtic(1) title "1,000" lc rgb "#9ecae1", \
       rows("100000", "traverse_ns_per_entry") using 4 title "100,000 entries" lc rgb "#3182bd"
}
