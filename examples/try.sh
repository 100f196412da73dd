#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the fan-out example and runs it without further setup. Arguments are
# passed on as URLs to request instead of the servers that the example starts.
# $BUILD is the build directory.
set -eu
case ${BUILD:-/} in
/*) ;;
*) BUILD=$(pwd)/$BUILD ;;
esac
CDPATH='' cd "$(dirname "$0")/.."

more='ca-certificates libcurl4-openssl-dev libssl-dev' . test/lib/packages.sh
. test/lib/configure.sh
build=${BUILD:-build-try}
# A trial needs neither debugging nor speed, so the fastest compilation is used.
configure "$build" -Doptimization=0 -Ddebug=false -Dcurl=enabled \
  -Dtls=enabled -Dexamples=true -Dtests=disabled -Dbench=false \
  -Dsimulator=disabled -Ddefault_library=static
ninja -C "$build" examples/fanout >&2
exec "$build/examples/fanout" "$@"
