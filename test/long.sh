#!/bin/sh
# What is too long for CI, one after the other; fails with the first that does.
#
#   long.sh [HOURS]   of fuzzing (1); the rest takes about two hours more
#
# $TEST262: a checkout of test262, to run all of it that is about promises.
set -eu
cd "$(dirname "$0")/.."
hours=${1:-1}
build=${BUILD:-build-long}
seed=$(date +%s)

more='libcmocka-dev g++ clang libclang-rt-14-dev llvm nodejs npm spin' \
  . test/packages.sh
[ -f "$build/build.ninja" ] ||
  meson setup "$build" -Dtests=enabled --buildtype=release >/dev/null
ninja -C "$build" --quiet

step() {
  printf '\n== %s\n$ %s\n' "$(date '+%F %T')" "$*"
  "$@"
}

step node test/differential/run.js --interpreter \
  "$build/test/differential/interpret" --count 1000000 --seed "$seed"
step "$build/test/torture/simulate" --seeds 100000 --seed "$seed"
step "$build/test/torture/fuzz-replay" --random 1000000 "$seed"
step ninja -C "$build" load
step sh test/faults/check.sh
step sh test/conformance/run.sh
step "$build/test/torture/soak" 1000000000
step sh test/torture/fuzz.sh "$((hours * 3600))"
printf '\n== %s\nall passed\n' "$(date '+%F %T')"
