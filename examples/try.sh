#!/bin/sh
# Builds avow and runs the fan-out example: all the set-up there is. Arguments
# are passed on: hosts to ask instead of the servers that the example starts.
set -eu
cd "$(dirname "$0")/.."

. test/packages.sh
build=${BUILD:-build}
[ -f "$build/build.ninja" ] || meson setup "$build" >/dev/null
ninja -C "$build" >/dev/null
exec "$build/examples/fanout" "$@"
