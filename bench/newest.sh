#!/bin/sh
# SPDX-License-Identifier: MIT
# The cost of a newer libuv beside an older one. Builds it as
# test/ship/libuvs.sh does, and avow with it for release. Then measures files
# and streams with the system's libuv and with the new one. The new one reads
# files through the thread pool and then through io_uring, which the loop and
# the environment must enable. docs/programs.md has the results.
#
#   newest.sh BUILD [VERSION]    BUILD must have --buildtype=release
#
# $LIBUV_GIT, $BUILD: see test/ship/libuvs.sh.
set -eu
[ $# -ge 1 ] || { echo 'usage: sh bench/newest.sh BUILD [VERSION]' >&2; exit 2; }
system=$(cd "$1" && pwd)
version=${2:-1.52.1}
cd "$(dirname "$0")/.."
keep=${BUILD:-build-libuvs}
sh test/ship/libuvs.sh --make "$version"
keep=$(cd "$keep" && pwd)
uv=$keep/uv-$version
newer=$keep/bench-$version

[ -f "$newer/build.ninja" ] ||
  PKG_CONFIG_PATH=$uv/lib/pkgconfig meson setup "$newer" --buildtype=release \
    -Dtests=disabled -Ddefault_library=static
ninja -C "$newer"

# Measures a build: NAME BUILD
compare() {
  printf '\n== %s\n' "$1"
  python3 bench/peers/run.py --alone --build "$2" file requests
  python3 bench/programs/run.py --alone --build "$2" reading echoing
}

compare "libuv of the system" "$system"
export LD_LIBRARY_PATH="$uv/lib"
UV_USE_IO_URING=0 compare "libuv $version, thread pool" "$newer"
UV_USE_IO_URING=1 compare "libuv $version, io_uring" "$newer"
