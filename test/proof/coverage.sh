#!/bin/sh
# SPDX-License-Identifier: MIT
# Do the tests reach every line of each file of src, and nearly every branch? Says
# which they miss, apart from those that uncovered.txt gives a reason for, and
# fails if there are any: see coverage.py. Needs gcc and gcovr.
#
#   coverage.sh [DIRECTORY]     where to build, and to leave the report (html)
#   coverage.sh --sample [DIR]  only one folder's tests: does this script work?
#
# Without asserts, whose other side is not to be reached; what debug builds do
# at a misuse ends the process, before it is counted (test_misuse has it). What
# they say of a stack that overflows is built in all the same. Children that a
# test forks end by exit(), or what they reached would not be counted.
set -eu
sample=
[ "${1:-}" != --sample ] || { sample=1; shift; }
root=$(cd "$(dirname "$0")/../.." && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
cd "$work"

# NAME "TEST-OR-SUITE..." OPTION...
build() {
  name=$1
  tests=$2
  shift 2
  [ -f "$name/build.ninja" ] ||
    CC=gcc meson setup "$name" "$root" -Dtests=enabled -Dexamples=false \
      -Dbench=false -Ddefault_library=static --buildtype=debug \
      -Db_coverage=true -Db_ndebug=true "$@" >"$name.log"
  # shellcheck disable=SC2046,SC2086 # lists
  ninja -C "$name" --quiet $(python3 "$root/test/lib/programs.py" "$name" $tests)
  find "$name" -name '*.gcda' -exec rm {} +
}

# NAME TEST...
run() {
  name=$1
  shift
  meson test -C "$name" --no-rebuild --print-errorlogs "$@" >"$name.log" || {
    cat "$name.log"
    exit 1
  }
}

# NAME OPTION...
report() {
  name=$1
  shift
  mkdir -p "html-$name"
  gcovr --root "$root" --object-directory "$name" "$name" "$@" \
    --exclude-throw-branches \
    --json "$name.json" --html-details "html-$name/index.html"
}

# Of adapters it prints what is reached, and demands nothing: much of the rest
# is for when libcurl or OpenSSL lack memory of their own.

# Threads count at the same time.
flags='-DAVOW__OVERFLOW=1 -D_exit=exit -fprofile-update=atomic'

if [ -n "$sample" ]; then
  build sample value -Dpool=enabled -Dtrace=true -Dc_args="$flags"
  run sample --suite value
  report sample --filter "$root/src/value/"
  [ -s sample.json ] && [ -s html-sample/index.html ]
  echo 'result: the library compiles for coverage, and one folder is counted'
  exit
fi

# Without a pool each promise may lack its memory.
more='syscalls uvmemory corpus'
build pool "core $more" -Dpool=enabled -Dtrace=true -Dc_args="$flags"
run pool --suite core
run pool $more
report pool --filter "$root/src/" --exclude "$root/src/sim/" \
  --exclude "$root/src/adapters/"
gcovr --root "$root" --object-directory pool pool --exclude-throw-branches \
  --filter "$root/src/adapters/" --txt
some='engine/pool engine/oom engine/dump engine/cancel engine/async
  tools/oom_tools tools/each tools/group tools/map uv/op nulls'
build plain "$some" -Dpool=disabled -Dc_args="$flags"
run plain $some
report plain --filter "$root/src/" --exclude "$root/src/sim/" \
  --exclude "$root/src/adapters/"

cd "$root"
python3 test/proof/coverage.py test/proof/uncovered.txt "$work/pool.json" \
  "$work/plain.json" || {
  echo "see $work/html-pool/index.html"
  exit 1
}
[ $# -gt 0 ] || rm -r "$work"
