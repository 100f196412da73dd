#!/bin/sh
# A program is simulated whether it is linked with avow_sim before libuv or
# behind it.
#
#   CC=... FLAGS=... UV_LIBS=... test_order.sh LIBAVOW_SIM
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/program.c" <<'END'
#include <avow.h>
#include <avow/sim.h>

static avow_promise_t *program(uv_loop_t *loop, void *data) {
  return avow_sleep(loop, 3600 * 1000 + uv_now(loop) - 1000);
}

int main(void) {
  return avow_sim(1, program, NULL, NULL).ms != 3600 * 1000;
}
END

# LIBRARY...: builds it with these, in this order
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
