#!/bin/sh
# SPDX-License-Identifier: MIT
# grown.sh LIBAVOW SOURCE...: does a program that was built with today's headers
# run with a later library, whose structs have more fields? Builds that library
# of a copy of the sources, and grown.c with the headers of both; a program of
# the later ones is to run with both libraries, too, and to be refused by the
# older what that has no field for. In the environment: CC, and CFLAGS of the
# library, UV_CFLAGS and UV_LIBS of libuv.
# shellcheck disable=SC2013,SC2086 # lists of words
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
now=$(cd "$(dirname "$1")" && pwd)
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
strict="-std=c11 -D_POSIX_C_SOURCE=200809L -O0 $CFLAGS $UV_CFLAGS"

fail() {
  echo "test/ship/grown.sh: $*" >&2
  exit 1
}

# HEADER-OR-SOURCE SED-SCRIPT: changes the copy, each time it is asked to.
change() {
  sed "$2" "$work/$1" >"$work/changed"
  ! cmp -s "$work/$1" "$work/changed" || fail "$1 has nothing to change: $2"
  mv "$work/changed" "$work/$1"
}

# Structs that the program fills in grow by their reserved fields.
grow_options() {
  for header in $(grep -l 'uint64_t reserved\[4\]' include/avow/*.h); do
    change "$header" \
      's/uint64_t reserved\[4\]/uint64_t newer, reserved[3]/'
  done
}

# Structs that the library returns grow at their end.
grow_results() {
  for struct in command:output tree:tree_entry tree:copied loop:stats; do
    change "include/avow/${struct%:*}.h" \
      "s/^} avow_${struct#*:}_t;/  uint64_t newer;\\n&/"
  done
  change src/engine/stats.c 's/avow_stats_t stats = { /&.newer = 7, /'
}

build_later() {
  mkdir later
  for source in "$@"; do
    echo "src/${source##*/src/}"
  done >sources
  export compile="$CC $strict -fPIC -fvisibility=hidden -Iinclude -Isrc"
  # shellcheck disable=SC2016 # it is expanded there
  xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 4 sh -c 'for source; do
      $compile -c "$source" -o "$(echo "$source" | tr / _).o" || exit 255
    done' sh <sources || fail 'the later library does not compile'
  $CC -shared -Wl,-soname,libavow.so.0 ./*.o -o later/libavow.so.0 \
    $UV_LIBS -lpthread -lm || fail 'the later library does not link'
}

# PROGRAM FLAG...
build_program() {
  program=$1
  shift
  $CC $strict "$@" "$root/test/ship/grown.c" later/libavow.so.0 -o "$program" \
    $UV_LIBS || fail "the $program program does not compile"
}

# PROGRAM now|newer DIRECTORY
run() {
  LD_LIBRARY_PATH=$3 "./$1" "$2" ||
    fail "the $1 program fails with the library of $2"
}

cp -R "$root/include" "$root/src" "$work"
cd "$work"
grow_options
grow_results
build_later "$@"
build_program older -I"$root/include"
build_program newer -Iinclude -DNEWER
run older now "$now"
run older newer later
run newer now "$now"
run newer newer later
echo 'each program runs with each library'
