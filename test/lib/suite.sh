#!/bin/sh
# SPDX-License-Identifier: MIT
# Build avow with fatal warnings and run the tests of one build:
#
# suite.sh DIRECTORY COMPILER SUITE|all|quick [MESON-OPTION...]
#
# `quick` runs all but the suite slow. Only the files that the suite needs are
# built. $PATIENCE multiplies Meson's time limit; the default 3 suits busy
# machines. $WRAPPER names a program that runs each test.
set -eu
cd "$(dirname "$0")/../.."
build=$1
cc=$2
suite=$3
shift 3

[ -f "$build/build.ninja" ] ||
  CC=$cc CXX=$(echo "$cc" | sed 's/gcc/g++/; s/clang/clang++/') \
    meson setup "$build" -Dtests=enabled -Dwerror=true "$@" >/dev/null
if [ "$suite" = all ]; then
  # shellcheck disable=SC2046 # a list of files
  ninja -C "$build" --quiet all $(python3 test/lib/programs.py "$build" slow)
  set --
elif [ "$suite" = quick ]; then
  ninja -C "$build" --quiet
  set -- --no-suite slow
else
  # shellcheck disable=SC2046 # a list of files
  ninja -C "$build" --quiet $(python3 test/lib/programs.py "$build" "$suite")
  set -- --suite "$suite"
fi
meson test -C "$build" --no-rebuild --print-errorlogs --quiet \
  --timeout-multiplier="${PATIENCE:-3}" ${WRAPPER:+"--wrapper=$WRAPPER"} "$@"
