#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks that a program is simulated if it is linked with avow_sim before or
# after libuv. If avow precedes avow_sim, the program must print an error.
#
#   CC=... FLAGS=... UV_LIBS=... test_order.sh LIBAVOW_SIM LIBAVOW
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/program.c" <<'END'
#include <avow/all.h>
#include <avow/sim.h>
#include <stdio.h>

static avow_promise_t *program(uv_loop_t *loop, void *data) {
  return avow_sleep(loop, 3600 * 1000 + uv_now(loop) - 1000);
}

int main(void) {
  const avow_sim_result_t result = avow_sim(1, program, NULL, NULL);
  puts(result.why);
  return result.ms != 3600 * 1000;
}
END

# Builds the program with these libraries, in this order.
build() {
  # shellcheck disable=SC2086 # words
  $CC $FLAGS -I"$root/include" "$work/program.c" "$@" -lm -pthread \
    -o "$work/program"
}

# shellcheck disable=SC2086
build "$1" $UV_LIBS
"$work/program" || { echo 'it fails in the right order'; exit 1; }
# shellcheck disable=SC2086
build $UV_LIBS "$1" $UV_LIBS
"$work/program" || { echo 'it fails in the other order'; exit 1; }
# shellcheck disable=SC2086
build "$2" -Wl,-rpath,"$(dirname "$2")" "$1" \
  -Wl,--exclude-libs,"$(basename "$1")" $UV_LIBS
"$work/program" >"$work/said" || :
grep -q 'in place of -lavow' "$work/said" || {
  echo 'with avow before it, it does not say so:'
  cat "$work/said"
  exit 1
}
