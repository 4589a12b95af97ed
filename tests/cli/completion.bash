# SPDX-License-Identifier: MIT
# completion.bash SCRIPT PROGRAM: calls the function as bash does when Tab is pressed.
set -u
# shellcheck source=/dev/null
source "$1"
program=$2
cases=0

# offers LAST-WORD... : words of the line so far (a "=" is a word of its own); prints what is offered
offers() {
  COMP_WORDS=(gracecast "$@")
  COMP_CWORD=$#
  COMPREPLY=()
  _gracecast
  printf '%s\n' "${COMPREPLY[@]}"
}

expect() {
  local expected=$1 got
  shift
  got=$(offers "$@" | tr '\n' ' ')
  cases=$((cases + 1))
  if [[ ${got% } != "$expected" ]]; then
    echo "not ok: gracecast $* offers \"$got\" instead of \"$expected\""
    exit 1
  fi
}

expect "checkconfig" checkc
expect "yaml json" defaultconfig ""
expect "bash zsh" completion ""
expect "" completion bash ""
expect "" help ""
expect "--log.level=" --log.l
expect "--log.level=" checkconfig --log.l
expect "--port= --prometheus.enabled --prometheus.handler_prefix=" --p
expect "trace debug info warn error fatal none" --log.level = ""
expect "trace debug info warn error fatal none" --log.level =
expect "debug" --log.level = d
expect "debug" --log.level d
expect "true false" --demo =
expect "--demo" --demo --dem
expect "" --port = 1
expect "" --port 1
touch_me=$(mktemp)
expect "$touch_me" --config = "${touch_me%?}"
expect "$touch_me" -c "${touch_me%?}"
rm "$touch_me"

# every option that help lists is offered
offered=" $(offers -- | tr '\n' ' ')"
while read -r flag; do
  cases=$((cases + 1))
  [[ $offered == *" $flag "* || $offered == *" $flag= "* ]] || {
    echo "not ok: $flag is not offered"
    exit 1
  }
done < <("$program" help | sed -n 's/^  \(-., \)\{0,1\}\(--[a-z]*, \)\{0,1\}\(--[a-z_.]*\).*/\3/p' | grep -v '^--client.ping_interval=')
[[ $cases -gt 50 ]] || exit 1
echo "ok: $cases lines"
