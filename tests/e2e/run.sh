#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh NODE FILE: runs one file of tests, in this directory.
set -eu
if [ ! -d node_modules/centrifuge ] || [ ! -d node_modules/ws ] ||
  [ ! -d node_modules/playwright-core ]; then
  echo "The packages of the tests are not installed: npm ci --prefix tests/e2e" >&2
  exit 1
fi
exec "$1" --test-reporter=tap "$2"
