#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds avow and runs its tests: all the set-up there is. Further arguments go
# to meson setup, such as --buildtype=release; $BUILD is where to build. What
# this system cannot do is left out, and so are the tests of the examples and
# those that take long; the end names them.
set -eu
case ${BUILD:-/} in
/*) ;;
*) BUILD=$(pwd)/$BUILD ;;
esac
CDPATH='' cd "$(dirname "$0")/.."

refuse() {
  printf '%s\n' "$*" >&2
  exit 1
}
[ -w /tmp ] ||
  refuse 'the tests write to /tmp, which cannot be written to here'
[ "$(uname)" != Linux ] || [ -e /proc/self/fd ] || refuse \
  'the tests look at /proc, which is not mounted here: mount -t proc proc /proc'

more='libcmocka-dev g++ curl gdb graphviz libcurl4-openssl-dev libllhttp-dev
  libsqlite3-dev libssl-dev luajit nodejs openssl systemtap-sdt-dev
  zlib1g-dev' \
  . test/lib/packages.sh
. test/lib/configure.sh
build=${BUILD:-build}
# What is tested is compiled the quickest way, where nobody asks for another.
case "$*" in
*buildtype*|*optimization*) ;;
*) set -- -Doptimization=0 "$@" ;;
esac
configure "$build" -Dtests=enabled -Dexamples=false -Dbench=false \
  -Ddefault_library=both "$@"
ninja -C "$build"
# Many tests wait most of the time.
: "${MESON_TESTTHREADS:=$((2 * $(getconf _NPROCESSORS_ONLN)))}"
export MESON_TESTTHREADS
status=0
# libuv aborts where a loop's descriptor takes the place of a closed stdin.
meson test -C "$build" --no-rebuild --print-errorlogs --timeout-multiplier=3 \
  --no-suite slow </dev/null || status=$?
awk -f test/lib/skipped.awk "$build/meson-logs/testlog.txt" || status=1
case $build in
*[!A-Za-z0-9_./-]*)
  shown="'$(printf '%s' "$build" | sed "s/'/'\\\\''/g")'" ;;
*) shown=$build ;;
esac
cat <<END
Not run, because it takes long:
  meson test -C $shown --suite slow
  meson configure $shown -Dexamples=true; meson test -C $shown --suite examples
END
exit "$status"
