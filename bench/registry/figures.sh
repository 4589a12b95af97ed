#!/bin/sh
# SPDX-License-Identifier: MIT
# figures.sh FILE
# Brings docs/ up to date with a run of bench-registry --csv FILE: docs/registry-latency.svg,
# docs/registry-traverse.svg, and the table of ratios between its two markers in docs/registry.md.
set -eu

csv=$(realpath "$1")
cd "$(dirname "$0")"
docs=$(realpath ../../docs)
guide=$docs/registry.md
table=$(mktemp)
trap 'rm -f "$table" "$table.md"' EXIT

gnuplot -c plot.gp "$csv" "$docs"
sed -i 's/[[:space:]]*$//' "$docs"/registry-latency.svg "$docs"/registry-traverse.svg
awk -f figures.awk "$csv" >"$table"
[ "$(grep -c '^<!-- ratios' "$guide")" -eq 2 ] || { echo "$guide: the markers are not there" >&2; exit 1; }
awk -v table="$table" '
  /^<!-- ratios end/ { inside = 0 }
  !inside { print }
  /^<!-- ratios begin/ { inside = 1; while ((getline line <table) > 0) print line }
' "$guide" >"$table.md"
cat "$table.md" >"$guide"
