#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the fan-out example and runs it: all the set-up there is. Arguments are
# passed on: URLs to ask instead of the servers that the example starts. $BUILD
# is where to build.
set -eu
case ${BUILD:-/} in
/*) ;;
*) BUILD=$(pwd)/$BUILD ;;
esac
CDPATH='' cd "$(dirname "$0")/.."

more='ca-certificates libcurl4-openssl-dev libssl-dev' . test/lib/packages.sh
. test/lib/configure.sh
build=${BUILD:-build-try}
# Nobody debugs or measures what is tried, so it is compiled the quickest way.
configure "$build" -Doptimization=0 -Ddebug=false -Dcurl=enabled \
  -Dtls=enabled -Dexamples=true -Dtests=disabled -Dbench=false \
  -Dsimulator=disabled -Ddefault_library=static
ninja -C "$build" examples/fanout >&2
exec "$build/examples/fanout" "$@"
