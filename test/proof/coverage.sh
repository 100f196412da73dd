#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that the tests reach each line of src and nearly each branch. The script
# prints the lines and branches that they do not reach, except lines that
# uncovered.txt excuses, and then fails; see coverage.py. It needs gcc and
# gcovr.
#
#   coverage.sh [DIRECTORY]     builds there, and writes a report (HTML) there
#   coverage.sh --sample [DIR]  runs the tests of one folder only, to test this
#                               script
#
# The library is built without assertions, because no test can make one fail.
# Misuse in a checked build ends the process before it writes its counts;
# test_misuse covers that code. Reports of stack overflows are compiled in. A
# child process of a test ends with exit(), because _exit() would lose its
# counts.
set -eu
sample=
[ "${1:-}" != --sample ] || { sample=1; shift; }
root=$(cd "$(dirname "$0")/../.." && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
cd "$work"

# build NAME "TEST-OR-SUITE..." OPTION...
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

# run NAME TEST...
run() {
  name=$1
  shift
  meson test -C "$name" --no-rebuild --print-errorlogs "$@" >"$name.log" || {
    cat "$name.log"
    exit 1
  }
}

# report NAME OPTION...
report() {
  name=$1
  shift
  mkdir -p "html-$name"
  gcovr --root "$root" --object-directory "$name" "$name" "$@" \
    --exclude-throw-branches \
    --json "$name.json" --html-details "html-$name/index.html"
}

# The coverage of adapters is printed but not checked, because much of their
# code handles allocation failures of libcurl and OpenSSL.

# Atomic counters, because several threads count.
flags='-DAVOW__OVERFLOW=1 -D_exit=exit -fprofile-update=atomic'

if [ -n "$sample" ]; then
  build sample value -Dpool=enabled -Dtrace=true -Dc_args="$flags"
  run sample --suite value
  report sample --filter "$root/src/value/"
  [ -s sample.json ] && [ -s html-sample/index.html ]
  echo 'result: the library compiles for coverage, and one folder was measured'
  exit
fi

# Without a pool, the allocation of each promise can fail.
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
