#!/bin/sh
# Builds the fan-out example and runs it: all the set-up there is. Arguments are
# passed on: hosts to ask instead of the servers that the example starts. $BUILD
# is where to build.
set -eu
case ${BUILD:-/} in
/*) ;;
*) BUILD=$(pwd)/$BUILD ;;
esac
CDPATH='' cd "$(dirname "$0")/.."

. test/packages.sh
. test/configure.sh
build=${BUILD:-build-try}
configure "$build" -Dexamples=true -Dtests=disabled -Dbench=false \
  -Ddefault_library=static
ninja -C "$build" examples/fanout >&2
exec "$build/examples/fanout" "$@"
