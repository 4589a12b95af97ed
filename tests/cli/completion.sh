#!/bin/sh
# SPDX-License-Identifier: MIT
# completion.sh bash|zsh PROGRAM: has a real shell complete command lines.
set -eu
shell=$1
program=$(realpath "$2")
command -v "$shell" >/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$program" completion "$shell" >"$folder/script"
"$shell" -n "$folder/script"
cd "$(dirname "$0")"
exec "$shell" "completion.$shell" "$folder/script" "$program"
