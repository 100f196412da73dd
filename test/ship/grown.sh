#!/bin/sh
# SPDX-License-Identifier: MIT
# grown.sh LIBAVOW SOURCE...: check that a program that was built with the
# current headers runs with a later library, whose structs have more fields.
#
# The script builds such a library from a copy of the sources. It builds grown.c
# with the headers of each library. Each program must run with each library. The
# older library must refuse requests by fields that it does not know. The
# environment has CC, CFLAGS of the library, and UV_CFLAGS and UV_LIBS of libuv.
# shellcheck disable=SC2013,SC2086 # lists of words
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
now=$(cd "$(dirname "$1")" && pwd)
soname=$(readelf -d "$1" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
strict="-std=c11 -D_POSIX_C_SOURCE=200809L -O0 $CFLAGS $UV_CFLAGS"

fail() {
  echo "test/ship/grown.sh: $*" >&2
  exit 1
}

# change FILE SED-SCRIPT: changes the copy of the file.
change() {
  sed "$2" "$work/$1" >"$work/changed"
  ! cmp -s "$work/$1" "$work/changed" || fail "$1 has no match for $2"
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
  # shellcheck disable=SC2016 # the inner shell expands it
  xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 4 sh -c 'for source; do
      $compile -c "$source" -o "$(echo "$source" | tr / _).o" || exit 255
    done' sh <sources || fail 'the later library does not compile'
  $CC -shared -Wl,-soname,"$soname" ./*.o -o "later/$soname" \
    $UV_LIBS -lpthread -lm || fail 'the later library does not link'
}

# build_program PROGRAM FLAG...
build_program() {
  program=$1
  shift
  $CC $strict "$@" "$root/test/ship/grown.c" "later/$soname" -o "$program" \
    $UV_LIBS || fail "the $program program does not compile"
}

# run PROGRAM now|newer DIRECTORY
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
