#!/bin/sh
# SPDX-License-Identifier: MIT
# Run the suites of JavaScript promises against avow, inside Node. The script
# needs cc, pkg-config, libuv's headers, node (18 or later) and npm. It only
# downloads npm packages, into node_modules.
#
#   run.sh [aplus | test262 [PATH]]     default: both
#
# test262 must be at PATH or $TEST262. Otherwise it is skipped.
set -eu
test262=${2:-${TEST262:-}}
[ -z "$test262" ] || test262=$(cd "$test262" && pwd)
cd "$(dirname "$0")"

prepare() {
  cmp -s package-lock.json node_modules/.avow-lock.json || {
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.avow-lock.json
  }
  mkdir -p build
  # The sources of the library without async functions, because V8 does not
  # support other stacks. find also finds new files.
  sources=$(find ../../../src -name '*.c' ! -path '*/sim/*' ! -path '*/adapters/*' \
    ! -path '*/fiber/*' ! -name async.c ! -name local.c ! -name await_typed.c \
    ! -name '*_windows.c' ! -name '*_by_path.c' | sort)
  # libuv is not linked, because Node or a library of Node contains it.
  # shellcheck disable=SC2046,SC2086 # lists of words
  ${CC:-cc} -std=c11 -D_GNU_SOURCE -DAVOW_BUILDING -DAVOW_NO_ASYNC -O1 -g \
    -Wall -Wextra -Wno-unused-parameter -fPIC -fvisibility=hidden -shared ${CFLAGS:-} \
    -I../../../include -I../../../src -Inode_modules/node-api-headers/include \
    $(pkg-config --cflags libuv) ./*.c $sources \
    ../../../src/fiber/exceptions.c -o build/binding.node
}

prepare
case "${1:-all}" in
aplus) node run-aplus.js ;;
test262) node run-test262.js "$test262" ;;
all)
  node run-test262.js "$test262"
  node run-aplus.js
  ;;
*)
  sed -n '2,/^set/{/SPDX/d;s/^# \{0,1\}//p;}' "$0"
  exit 2
  ;;
esac
