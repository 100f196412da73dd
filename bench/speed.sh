#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs all benchmarks, stores their results in docs/speed.csv, and draws
# docs/speed.md and its pictures from that record:
#
#   sh bench/speed.sh BUILD             takes some minutes
#   sh bench/speed.sh BUILD --quick     tests that it works; writes nothing
#   sh bench/speed.sh --draw            draws the record again
#   sh bench/speed.sh --check           do page and pictures match the record?
#
# BUILD must have --buildtype=release.
set -eu
usage='usage: sh bench/speed.sh BUILD [--quick] | --draw | --check'
[ $# -ge 1 ] || { echo "$usage" >&2; exit 2; }
[ "$1" != --draw ] || exec python3 "$(dirname "$0")/speed/draw.py"
[ "$1" != --check ] || exec python3 "$(dirname "$0")/speed/draw.py" --check
build=$(cd "$1" && pwd)
quick=${2:-}
cd "$(dirname "$0")/.."
draw=bench/speed/draw.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

questions='settle shared chain follow repeat combine loops async tools channel stage broadcast timers
remote sender elsewhere file cached write_file dir echo turn pipe send tls memory'

# "question,case,n,unit,amount,floor,ratio,allocations", without the headings of
# the tables. A build without async functions lacks one of the programs.
measure() {
  for question in $questions; do
    program=$build/bench/bench_$question
    [ -x "$program" ] || continue
    echo "measuring: $question" >&2
    "$program" --csv $quick | sed -n "s/^\(\"[^\"]*\"\(,[^,]*\)\{6\}\).*/$question,\1/p"
  done
}

load() {
  cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo unknown
}

# The page shows these facts about the run.
circumstances() {
  echo '# One run of all benchmarks, by bench/speed.sh.'
  echo "# date: $(date +%Y-%m-%d)"
  echo "# machine: $(uname -m), $(getconf _NPROCESSORS_ONLN) processors," \
    "$(uname -s) $(uname -r | cut -d - -f 1)," \
    "load $before before and $(load) after"
  echo "# compiler: $(${CC:-cc} --version | head -n 1)"
  echo "# libuv: $(pkg-config --modversion libuv)"
  echo "# avow: $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
}

before=$(load)
measure >"$work/rows"
{
  circumstances
  echo 'question,case,at a time,unit,amount,floor,times,asked'
  cat "$work/rows"
} >"$work/speed.csv"
cp docs/speed.md "$work"
if [ -z "$quick" ]; then
  cp "$work/speed.csv" docs
  exec python3 "$draw"
fi
# draw.py complains, because quick results are arbitrary and unexplained.
python3 "$draw" "$work/speed.csv" "$work" >&2 || :
ls "$work"/speed/*.svg
