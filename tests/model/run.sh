#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh [slots|hints] [quick|<precaution>]
# Checks a model, or both, exhaustively: as it is, with "quick" in fewer sizes; or with the name of a
# precaution that the model fails without: see CMakeLists.txt.
set -eu

models=$(realpath "$(dirname "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

# check <model> <pan's answer wanted: 0 errors or 1> <defines>...
check() {
    model=$1
    wanted=$2
    shift 2
    cp "$models/$model.pml" .
    spin "$@" -a "$model.pml" >spin.out || { cat spin.out; exit 1; }
    cc -O2 -w -DSAFETY -DMEMLIM=3000 -DCOLLAPSE -o pan pan.c
    ./pan -m200000 >pan.out || true
    if grep -q 'max search depth too small\|Search not completed' pan.out && [ "$wanted" = 0 ]; then
        cat pan.out
        exit 1
    fi
    errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.out)
    states=$(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' pan.out)
    echo "$model $*: $states states, $errors errors"
    if [ "$wanted" = 0 ] && [ "$errors" != 0 ]; then
        cat pan.out
        exit 1
    fi
    if [ "$wanted" != 0 ] && [ "$errors" = 0 ]; then
        exit 1
    fi
}

slots_quick() {
    check slots 0 -DWORKERS=3 -DNO_READER
    check slots 0 -DWORKERS=2 -DSLOTS=2
    check slots 0 -DWORKERS=2 -DSLOTS=2 -DFIRST_ENTRY
    check slots 0 -DWORKERS=2 -DSLOTS=2 -DFIRST_ENTRY -DONLY_REPLACE
}

slots_all() {
    slots_quick
    check slots 0 -DWORKERS=3 -DFIRST_ENTRY -DNO_READER
    check slots 0 -DWORKERS=2 -DSLOTS=2 -DFIRST_ENTRY -DONLY_REPLACE -DOPS=2
}

case "${1-} ${2-}" in
' ') slots_all && check hints 0 ;;
'slots ') slots_all ;;
'slots quick') slots_quick ;;
'slots DEFER') check slots 1 -DBREAK_DEFER -DWORKERS=3 -DFIRST_ENTRY ;;
'slots '*) check slots 1 "-DBREAK_$2" -DWORKERS=3 ;;
'hints ' | 'hints quick') check hints 0 ;;
'hints '*) check hints 1 "-DBREAK_$2" ;;
*) exit 2 ;;
esac
