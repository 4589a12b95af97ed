#!/bin/sh
# SPDX-License-Identifier: MIT
# commands.sh PROGRAM BUILD: what the commands print and how they end, and what of it is installed from
# the folder BUILD.
set -eu
program=$1
build=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cases=0

fail() {
  echo "not ok: $*"
  cat "$folder/out" "$folder/err"
  exit 1
}

# expect STATUS ARGUMENT...: runs the program; what it prints is in out and err
expect() {
  expected=$1
  shift
  status=0
  "$program" "$@" >"$folder/out" 2>"$folder/err" || status=$?
  [ "$status" -eq "$expected" ] || fail "$* ended with $status"
  cases=$((cases + 1))
}

prints() {
  grep -qF -- "$2" "$folder/$1" || fail "no \"$2\" in $1"
}

silent() {
  [ ! -s "$folder/$1" ] || fail "$1 is not empty"
}

expect 0 version
prints out "gracecast "
cp "$folder/out" "$folder/version"
expect 0 --version
cmp "$folder/out" "$folder/version"

expect 0 help
prints out "gracecast checkconfig [OPTION]..."
prints out "--http_server.port NUMBER  (8000)"
silent err
cp "$folder/out" "$folder/help"
expect 0 --help
cmp "$folder/out" "$folder/help"
expect 0 checkconfig --help
cmp "$folder/out" "$folder/help"

expect 0 checkconfig
prints out "the configuration is valid"
silent err
expect 0 checkconfig --port=0 --client.insecure
expect 1 checkconfig --prot=1 --workers=x
silent out
prints err "unknown option; the nearest is --http_server.port"
prints err "--workers"
printf 'http_server:\n  port: 70000\nclientt: {}\n' >"$folder/bad.yaml"
expect 1 checkconfig -c "$folder/bad.yaml"
prints err "bad.yaml:2: http_server.port"
prints err "bad.yaml:3: clientt"
expect 1 checkconfig -c "$folder/none.yaml"
prints err "none.yaml"

for format in yaml json; do
  expect 0 defaultconfig $format
  silent err
  cp "$folder/out" "$folder/default.$format"
  expect 0 checkconfig --config "$folder/default.$format"
  silent err
done
expect 0 defaultconfig
cmp "$folder/out" "$folder/default.yaml"
expect 1 defaultconfig toml
silent out
prints err "Usage: gracecast defaultconfig [yaml|json]"
expect 1 defaultconfig yaml json

# the document is what the program says; to renew it:
#   sed -i '/^<!-- gracecast configdoc -->/q' docs/configuration.md
#   gracecast configdoc >>docs/configuration.md
expect 0 configdoc
sed '1,/^<!-- gracecast configdoc -->/d' "$(dirname "$0")/../../docs/configuration.md" >"$folder/doc"
diff "$folder/doc" "$folder/out" >&2 || fail "docs/configuration.md is out of date"

expect 1 completion
prints err "Usage: gracecast completion bash|zsh"
expect 1 completion fish


key=--client.token.hmac_secret_key=secret
expect 0 gentoken -u ann $key
prints out '{"sub":"ann","iat":'
silent err
expect 0 gentoken --user=ann --ttl=90m -q $key
token=$(cat "$folder/out")
expect 0 checktoken $key "$token"
prints out 'valid token for user "ann"'
prints out '"exp":'
expect 1 checktoken --client.token.hmac_secret_key=other "$token"
prints err "invalid token: wrong algorithm, key or signature"
silent out
expect 1 checksubtoken $key "$token"
prints err "it has no channel"
expect 0 gensubtoken -s 'a"b' -t -1 -q $key
token=$(cat "$folder/out")
expect 0 checksubtoken $key "$token"
prints out "valid token for anonymous users"
prints out '{"channel":"a\"b","iat":'
expect 1 checktoken $key "$token"
prints err "it has a channel"
expect 0 gensubtoken -s a -q --client.subscription_token.enabled \
  --client.subscription_token.hmac_secret_key=other $key
expect 1 checksubtoken $key "$(cat "$folder/out")"
expect 1 gentoken
prints err "there is no hmac_secret_key"
expect 1 gentoken -t soon $key
expect 1 gentoken -s a $key
expect 1 gensubtoken $key
expect 1 checktoken
expect 1 checktoken --nonsense x
expect 1 checkconfig --client.token.rsa_public_key=x
prints err "client.token.rsa_public_key: neither a public key nor a certificate in PEM"
silent out

# what is installed is what the program writes
cmake --install "$build" --component server --prefix "$folder/prefix" >/dev/null
expect 0 completion bash
cmp "$folder/out" "$folder/prefix/share/bash-completion/completions/gracecast"
expect 0 completion zsh
cmp "$folder/out" "$folder/prefix/share/zsh/site-functions/_gracecast"

expect 1 no-such-command
prints err 'there is no command "no-such-command"'

echo "ok: $cases runs"
