# SPDX-License-Identifier: MIT
# completion.zsh SCRIPT PROGRAM: types into a real zsh on a terminal of its own, and presses Tab.
emulate -L zsh
zmodload zsh/zpty || exit 77
script=$1 cases=0

zpty shell "PS1=READY; export PS1; TERM=dumb COLUMNS=200 zsh -f -i"
# until TEXT: what the shell printed up to and with it
until_text() {
  local seen= piece
  local -F end=$((SECONDS + 20))
  while [[ $seen != *$1* ]]; do
    if zpty -r -t shell piece; then seen+=$piece; else sleep 0.01; fi
    if (( SECONDS > end )); then print -r -- "not ok: no $1 in: $seen"; exit 1; fi
  done
  REPLY=$seen
}

zpty -w shell "PS1=; unsetopt zle; stty -echo; autoload -Uz compinit; compinit -u -D; source ${(q)script}; print -r -- PRE''PARED"
until_text PREPARED
# What is offered is written down by a function that stands for the user's eyes.
zpty -w shell 'setopt zle; unsetopt list_beep; show() { print -r -- "[LINE:$BUFFER]"; BUFFER=; zle accept-line }; zle -N show; bindkey "^X" show; bindkey "^I" expand-or-complete; print -r -- BO''UND'
until_text BOUND

# expect TYPED LINE: Tab after TYPED makes LINE of it
expect() {
  (( cases++ ))
  zpty -w -n shell "$1"$'\t\x18'
  until_text ']'
  if [[ $REPLY != *"[LINE:$2]"* ]]; then
    print -r -- "not ok: $1 becomes ${REPLY##*\[LINE:} instead of $2"
    exit 1
  fi
}

expect 'gracecast checkc' 'gracecast checkconfig '
expect 'gracecast completion z' 'gracecast completion zsh '
expect 'gracecast defaultconfig j' 'gracecast defaultconfig json '
expect 'gracecast --log.l' 'gracecast --log.level='
expect 'gracecast --log.level=deb' 'gracecast --log.level=debug '
expect 'gracecast checkconfig --prometheus.e' 'gracecast checkconfig --prometheus.enabled '
zpty -d shell
print "ok: $cases lines"
