#!/bin/sh
# Builds avow and runs its tests: all the set-up there is. Further arguments go
# to meson setup, such as --buildtype=release; $BUILD is where to build.
set -eu
cd "$(dirname "$0")/.."

more="libcmocka-dev g++ spin" . test/packages.sh
build=${BUILD:-build}
[ -f "$build/build.ninja" ] || meson setup "$build" -Dtests=enabled "$@"
ninja -C "$build"
meson test -C "$build" --print-errorlogs
