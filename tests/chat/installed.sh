#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the chat server against an installed registry and checks it:
#   installed.sh pkgconfig|cmake <source dir> <build dir> <chat-check> [compiler flags]
set -eu

how=$1
source=$2/docs/examples/chat
build=$3
check=$4
flags=${5-}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cmake --install "$build" --component registry --prefix "$dir/prefix" >"$dir/install.log"
library=$(find "$dir/prefix" -name libgracecast-registry.so)
PKG_CONFIG_PATH=$(dirname "$library")/pkgconfig
LD_LIBRARY_PATH=$(dirname "$library")
export PKG_CONFIG_PATH LD_LIBRARY_PATH

# shellcheck disable=SC2046,SC2086 # flags are lists
case $how in
pkgconfig)
    cc -std=gnu17 -D_GNU_SOURCE $flags -Wall -Wextra -Werror "$source/chat.c" -o "$dir/chat" \
        $(pkg-config --cflags --libs gracecast-registry libuv libcrypto) -lwslay
    ;;
cmake)
    cmake -S "$source" -B "$dir" -DCMAKE_PREFIX_PATH="$dir/prefix" -DCMAKE_C_FLAGS="$flags" \
        >"$dir/configure.log"
    cmake --build "$dir" >"$dir/build.log"
    ;;
*) exit 2 ;;
esac
"$check" "$dir/chat" forgets_clients_that_have_left
