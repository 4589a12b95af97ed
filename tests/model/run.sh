#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks slots.pml exhaustively: as it is, with "quick" in fewer sizes; or with the name of a
# precaution (POPS, FIRST, LATER, DEFER, GRACE) that the model fails without it.
set -eu

model=$(dirname "$0")/slots.pml
model=$(realpath "$model")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

# check <pan's answer wanted: 0 errors or 1> <defines>...
check() {
    wanted=$1
    shift
    cp "$model" slots.pml
    spin "$@" -a slots.pml >spin.out || { cat spin.out; exit 1; }
    cc -O2 -w -DSAFETY -DMEMLIM=3000 -DCOLLAPSE -o pan pan.c
    ./pan -m200000 >pan.out || true
    if grep -q 'max search depth too small\|Search not completed' pan.out && [ "$wanted" = 0 ]; then
        cat pan.out
        exit 1
    fi
    errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.out)
    states=$(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' pan.out)
    echo "$*: $states states, $errors errors"
    if [ "$wanted" = 0 ] && [ "$errors" != 0 ]; then
        cat pan.out
        exit 1
    fi
    if [ "$wanted" != 0 ] && [ "$errors" = 0 ]; then
        exit 1
    fi
}

quick() {
    check 0 -DWORKERS=3 -DNO_READER
    check 0 -DWORKERS=2 -DSLOTS=2
    check 0 -DWORKERS=2 -DSLOTS=2 -DFIRST_ENTRY
    check 0 -DWORKERS=2 -DSLOTS=2 -DFIRST_ENTRY -DONLY_REPLACE
}

case ${1-} in
quick) quick ;;
'')
    quick
    check 0 -DWORKERS=3 -DFIRST_ENTRY -DNO_READER
    check 0 -DWORKERS=2 -DSLOTS=2 -DFIRST_ENTRY -DONLY_REPLACE -DOPS=2
    ;;
DEFER) check 1 -DBREAK_DEFER -DWORKERS=3 -DFIRST_ENTRY ;;
*) check 1 "-DBREAK_$1" -DWORKERS=3 ;;
esac
