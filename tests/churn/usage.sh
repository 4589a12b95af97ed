#!/bin/sh
# SPDX-License-Identifier: MIT
# What the command line accepts and refuses.   usage.sh GRACECAST-CHURN SCENARIOS
set -eu
churn=$1 scenarios=$2

# fails STATUS WORDS ARGUMENT...: ends with STATUS and says WORDS
fails() {
  status=$1 words=$2
  shift 2
  if said=$("$churn" "$@" 2>&1); then
    got=0
  else
    got=$?
  fi
  [ "$got" -eq "$status" ] || { echo "$*: status $got, not $status: $said"; exit 1; }
  echo "$said" | grep -qF -e "$words" || { echo "$*: does not say \"$words\": $said"; exit 1; }
}

url=ws://127.0.0.1:1/
fails 0 'Usage:' --help
fails 0 'gracecast-churn ' --version
fails 2 'which server?' hold:for=1s
fails 2 'nothing to do' --url $url
fails 2 'i-own-this-host' --url ws://192.0.2.1/ hold:for=1s
fails 2 'i-own-this-host' --url $url --api-url http://192.0.2.1/ hold:for=1s
fails 2 'not a URL' --url http://127.0.0.1/ hold:for=1s
fails 2 'wss://' --url wss://127.0.0.1/ hold:for=1s
fails 2 'no such activity: "dance"' --url $url dance:for=1s
fails 2 'no such setting: speed' --url $url ramp:speed=1
fails 2 'bad value for rate: "fast"' --url $url ramp:rate=fast
fails 2 'needs a duration' --url $url churn:rate=10
fails 2 'either rate' --url $url broadcast:for=1s
fails 2 'has no shares' --url $url churn:for=1s,mix=clean:0
fails 2 'no such setting: "colour"' --url $url --colour blue hold:for=1s
fails 2 'needs a value' --url $url hold:for=1s --report
fails 2 'more than max-connections' --url $url --max-connections 10 ramp:connections=11
fails 2 '--server-cmd' --url $url storm:restart=yes
fails 2 'a limit must be a number' --url $url --max-p99 soon hold:for=1s
fails 2 'No such file' --url $url --scenario /nonexistent.yaml
fails 1 'connection refused' --url $url --timeout 100ms --quiet ramp:connections=2
fails 1 'nothing was measured' --url $url --timeout 100ms --quiet --max-failures off --max-p99 5 \
  ramp:connections=1

scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT
printf 'name: x\nphases:\n  - ramp: {connections: many}\n' >"$scratch"
fails 2 "$scratch:3: ramp: bad value for connections" --url $url --scenario "$scratch"
printf 'phases: [\n' >"$scratch"
fails 2 "$scratch:" --url $url --scenario "$scratch"
for scenario in "$scenarios"/*.yaml; do
  fails 0 'drain' --dry-run --scenario "$scenario"
done
