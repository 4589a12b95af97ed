# SPDX-License-Identifier: MIT
# The picture of docs/performance.md from a CSV file of bench-fanout:
#   gnuplot -e 'csv="fanout.csv"; n=10000; out="docs/fanout.svg"' bench/fanout/plot.gp
# Needs awk and sed.
if (!exists("csv")) csv = "fanout.csv"
if (!exists("out")) out = "docs/fanout.svg"
if (!exists("n")) n = 10000

set terminal svg noenhanced size 1000,720 font "sans-serif,13" background "white"
set output sprintf("| sed 's/[[:blank:]]*$//' >'%s'", out)
set style fill solid 0.85 noborder
set boxwidth 0.7
set grid ytics lc rgb "#dddddd"
set xtics rotate by -25 scale 0
set border 3
set tics nomirror
unset key
set yrange [0:*]
set xrange [-0.6:*]

values(load, metric) = sprintf("< awk -F, '$2 == \"n=%d %s\" && $3 == \"%s\" {print $1, $4, \
  ($1 ~ /^gracecast/ ? 2783446 : $1 ~ /^floor/ ? 10066329 : 14721098)}' %s", n, load, metric, csv)

set multiplot layout 2,3 title sprintf("%d connections to each server, one processor, 128 bytes", n)
set title "5 publications/s: µs per delivery"
plot values("size=128 load=fixed", "cpu_us_per_delivery") \
  using 0:2:3:xtic(1) with boxes lc rgb variable
set title "5 publications/s: p99 latency, ms"
plot values("size=128 load=fixed", "latency_p99_ms") \
  using 0:2:3:xtic(1) with boxes lc rgb variable
set title "40/s to viewers of 20 channels: µs per delivery"
plot values("size=128 load=dashboard40", "cpu_us_per_delivery") \
  using 0:2:3:xtic(1) with boxes lc rgb variable
set title "as fast as it goes: µs per delivery"
plot values("size=128 load=saturation", "cpu_us_per_delivery") \
  using 0:2:3:xtic(1) with boxes lc rgb variable
set title "as fast as it goes: thousand deliveries/s"
plot values("size=128 load=saturation", "deliveries_per_s") \
  using 0:($2 / 1000):3:xtic(1) with boxes lc rgb variable
set title "user memory of an idle connection, bytes"
plot values("load=idle", "rss_bytes_per_connection") \
  using 0:2:3:xtic(1) with boxes lc rgb variable
unset multiplot
