#!/bin/sh
# SPDX-License-Identifier: MIT
# Rules for the tree that no other tool looks after. Prints the lines that break one.
set -eu
cd "$(dirname "$0")/../.."

list=$(mktemp)
trap 'rm -f "$list"' EXIT
find . \( -name node_modules -o -name .git -o -path ./build \) -prune -o \
  -type f ! -name '*.png' -print | sort >"$list"
failed=0

# complain WHAT LINES: if there are any
complain() {
  [ -n "$2" ] || return 0
  printf '%s\n' "$2" "^ $1"
  failed=1
}

# lines_like PATTERN [FILES]: lines of the files whose names match FILES
lines_like() {
  grep -E "${2:-.}" "$list" | xargs -r grep -nHIE -e "$1" || true
}

complain "white space at the end of a line" "$(lines_like '[[:blank:]]$')"
complain "the mark of a merge" "$(lines_like '^(<<<<<<<|>>>>>>>) ')"
complain "a directory of one machine" "$(lines_like '[ "'"'"'=(]/(home|Users|root|work)/')"
complain "a note for later" "$(lines_like '\b(TODO|FIXME|XXX)\b' '\.[ch]$')"
complain "a package from elsewhere than the public registry" \
  "$(lines_like '"resolved":' 'package-lock\.json$' | grep -v '"https://registry.npmjs.org/')"
complain "no SPDX line at the top" \
  "$(grep -E '\.(c|h|sh|awk|js|mjs|css)$' "$list" | xargs grep -LE 'SPDX-License-Identifier: MIT')"
exit "$failed"
