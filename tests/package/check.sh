#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the registry library into a scratch prefix and checks what an embedder gets:
#   check.sh <what> <source dir> <build dir> [compiler flags]
#     header      the header compiles alone, as C17 and as C++17, without a warning
#     symbols     the shared library shows exactly the functions of the header, and needs liburcu alone
#     pkgconfig   every example builds with pkg-config and runs, with the shared and the static library
#     cmake       every example builds with find_package() and runs
set -eu

what=$1
source=$2
build=$3
flags=${4-}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
prefix=$dir/prefix
strict="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"

cmake --install "$build" --component registry --prefix "$prefix" >"$dir/install.log"
library=$(find "$prefix" -name libgracecast-registry.so)
PKG_CONFIG_PATH=$(dirname "$library")/pkgconfig
LD_LIBRARY_PATH=$(dirname "$library")
export PKG_CONFIG_PATH LD_LIBRARY_PATH

# shellcheck disable=SC2046,SC2086 # flags are lists
case $what in
header)
    echo '#include <gracecast/registry.h>
    gcast_entry entry;' >"$dir/alone.c"
    cp "$dir/alone.c" "$dir/alone.cpp"
    cc -std=c17 $strict -I"$prefix/include" -fsyntax-only "$dir/alone.c"
    c++ -std=c++17 $strict -I"$prefix/include" -fsyntax-only "$dir/alone.cpp"
    ;;
symbols)
    nm -D --defined-only "$library" | awk '$3 !~ /^(_|__.*)$/ {print $3}' | sort >"$dir/shown"
    sed -n 's/^GCAST_API[^(]*[ *]\(gcast_[a-z_]*\)(.*/\1/p' \
        "$prefix/include/gracecast/registry.h" | sort >"$dir/declared"
    diff "$dir/declared" "$dir/shown"
    readelf -d "$library" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' >"$dir/needed"
    if grep -v -E '^(liburcu-(memb|qsbr|cds|common)|libc|ld-linux.*|lib[atu][^.]*san)\.so' \
        "$dir/needed"; then
        echo "is needed besides liburcu"
        exit 1
    fi
    readelf -d "$library" | grep -q 'soname: \[libgracecast-registry.so.[0-9]*\]'
    ;;
pkgconfig)
    for example in "$source"/docs/examples/*.c "$source"/docs/examples/*.cpp; do
        case $example in
        *.cpp) compiler="c++ -std=c++17" ;;
        *) compiler="cc -std=c17" ;;
        esac
        $compiler $flags $strict "$example" -o "$dir/shared" \
            $(pkg-config --cflags --libs gracecast-registry)
        "$dir/shared"
        $compiler $flags $strict "$example" -o "$dir/static" $(pkg-config --cflags \
            gracecast-registry) "${library%.so}.a" -lurcu-memb -lurcu-qsbr -lurcu-cds -pthread
        "$dir/static" >"$dir/out"
    done
    ;;
cmake)
    cmake -S "$source/docs/examples" -B "$dir/build" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" >"$dir/configure.log"
    cmake --build "$dir/build" >"$dir/build.log"
    ctest --test-dir "$dir/build" --output-on-failure
    ;;
*) exit 2 ;;
esac
