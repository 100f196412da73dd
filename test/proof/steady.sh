#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that no test depends on the speed of the machine. The script runs the
# tests on one processor, beside three busy processes, while
# test/lib/stalling.c stalls each program at random.
#
#   steady.sh [BUILD [TEST...]]   the named tests, or all tests except those of
#                                 the suite `slow`
#
# The script builds BUILD (build-steady) first. It runs each test twice
# ($TWICE). It runs the tests of the suite `real` 20 times ($TIMES), because
# these use real time or other processes. It runs 16 tests at a time
# ($MESON_TESTTHREADS). It names each test that failed at least once, and then
# exits with 1.
set -eu
[ $# -gt 0 ] || set -- build-steady
case $1 in
/*) build=$1 ;;
*) build=$(pwd)/$1 ;;
esac
shift
CDPATH='' cd "$(dirname "$0")/../.."
twice=${TWICE:-2}
times=${TIMES:-20}
export MESON_TESTTHREADS="${MESON_TESTTHREADS:-16}"
export PATIENCE=10 # multiplies the time limits of the tests

command -v taskset >/dev/null || {
  echo 'steady.sh needs taskset, of util-linux' >&2
  exit 2
}

folder=$(mktemp -d)
busy=
running=
end() {
  unset IFS # the main loop changes it
  # shellcheck disable=SC2086 # a list of processes
  kill $busy $running 2>/dev/null || :
  [ -z "$running" ] || wait "$running" || :
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' HUP INT TERM

say() {
  echo "$*"
}
. test/lib/configure.sh
[ -f "$build/build.ninja" ] ||
  configure "$build" -Dtests=enabled -Doptimization=0
if [ $# = 0 ]; then
  ninja -C "$build" --quiet
else
  # shellcheck disable=SC2046 # a list of files
  ninja -C "$build" --quiet $(python3 test/lib/programs.py "$build" "$@")
fi
"${CC:-cc}" -std=c11 -Wall -Wextra -Werror -O1 -shared -fPIC test/lib/stalling.c \
  -o "$folder/libstalling.so" -ldl

# real_tests [TEST...]: prints those of the tests (default: all) that use real
# time, one per line.
real_tests() {
  python3 - "$build/meson-info/intro-tests.json" "$@" <<'END'
import json
import sys

for test in json.load(open(sys.argv[1])):
    suites = [suite.split(':')[-1] for suite in test['suite']]
    if 'real' in suites and (len(sys.argv) == 2 or test['name'] in sys.argv):
        print(test['name'])
END
}

# run [MESON-ARGUMENT...]: runs the tests once and records the results. Meson's
# --repeat would stop at the first failure.
run() {
  rm -f "$build"/meson-logs/steady*.json
  meson test -C "$build" --no-rebuild --timeout-multiplier=10 \
    --print-errorlogs --logbase steady \
    --wrapper="env LD_PRELOAD=$folder/libstalling.so" "$@" </dev/null &
  running=$!
  wait "$running" || :
  running=
  cat "$build"/meson-logs/steady*.json >>"$folder/runs"
}

cpu=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
taskset -cp "$cpu" $$ >/dev/null
for _ in 1 2 3; do
  while :; do :; done &
  busy="$busy $!"
done

round=0
real=$(real_tests "$@")
[ $# -gt 0 ] || set -- --no-suite slow
while [ "$round" -lt "$twice" ] ||
  { [ "$round" -lt "$times" ] && [ -n "$real" ]; }; do
  round=$((round + 1))
  if [ "$round" -le "$twice" ]; then
    say "round $round: all tests, on processor $cpu"
    run "$@"
  else
    say "round $round of $times: tests that use real time or other processes"
    IFS='
'
    # shellcheck disable=SC2086 # a list of names, one per line
    run $real
    unset IFS
  fi
done

python3 - "$folder/runs" <<'END'
import collections
import json
import sys

runs, failed = collections.Counter(), collections.Counter()
for line in open(sys.argv[1]):
    run = json.loads(line)
    name = run['name'].split(' / ')[-1]
    runs[name] += 1
    failed[name] += run['result'] not in ('OK', 'EXPECTEDFAIL', 'SKIP')
for name in sorted(+failed):
    print('FAILED: %s, %d of %d times' % (name, failed[name], runs[name]))
print('result: %d runs of %d tests, of which %d failed at least once' % (
    sum(runs.values()), len(runs), len(+failed)))
sys.exit(len(+failed) > 0)
END
