#!/bin/sh
# Makes docs/speed.md and docs/speed.svg from one run of all benchmarks:
#
#   sh bench/speed.sh BUILD             some minutes; needs gnuplot
#   sh bench/speed.sh BUILD --quick     shows that it works, and writes nothing
#
# BUILD was made with --buildtype=release.
set -eu
[ $# -ge 1 ] || { echo 'usage: sh bench/speed.sh BUILD [--quick]' >&2; exit 2; }
build=$(cd "$1" && pwd)
quick=${2:-}
cd "$(dirname "$0")/.."
command -v gnuplot >/dev/null || { echo 'speed: install gnuplot-nox' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

questions='settle shared chain follow repeat combine loops async tools channel stage broadcast timers
remote inlet elsewhere file write_file dir echo turn pipe send memory'

# "question,case,n,unit,amount,floor,ratio,allocations,…", without the heads of
# the tables. A build without async functions lacks one of the programs.
measure() {
  for question in $questions; do
    program=$build/bench/bench_$question
    [ -x "$program" ] || continue
    echo "measuring: $question" >&2
    "$program" --csv $quick | grep '^"' | sed "s/^/$question,/"
  done
}

page() {
  cat <<'HEAD'
# Speed

Made by `bench/speed.sh` from one run of all benchmarks on a virtual machine with 2 cores and other work on it, with
the picture at the end. This is the one place for these figures: what else there is to read refers to it. They move
between machines and moments, so compare the columns: the *floor* of a case is the same work by hand, measured in turns
with it. For promises that is one intrusive queue with a free list that does an allocation, a queueing, an indirect call
and a freeing for one block of 64 bytes; for files, streams and timers it is libuv with callbacks; where the case names
something else behind a semicolon or a "to", it is that. *Asked* is how often an operation asks the system for memory.
Where such a machine shares a core with another, all that keeps a processor busy takes 1.6 times as long for a while,
and the floor of promises, which mostly waits for its own stores, 1.1 times: a case then has two figures, of which the
smaller is its own. Sets of ten inputs have such a second figure, of 1.7 times, in one run of a hundred: while it lasts,
in the middle of a process and at the same addresses, what keeps all of a core busy takes as much longer, and what waits
for itself takes no longer. Where memory comes to lie makes 2 % (200 runs, as many with `setarch -R`). Instructions are
the same each time: [internals.md](internals.md#what-the-short-ways-cost).

`meson test -C build-release --benchmark --verbose` prints all of it, with targets, and says which are missed. Whole
programs beside those of others have [a page of their own](programs.md), and so has the same in
[other languages and libraries](peers.md).
HEAD
  awk -F'"' '
    function amount(x) { return x >= 100 ? sprintf("%.0f", x) : sprintf("%.1f", x) }
    {
      split($3, column, ",")
      question = $1
      sub(/,$/, "", question)
      unit = column[3]
      if (question != last || unit != last_unit) {
        title = question
        gsub(/_/, " ", title)
        if (unit == "bytes") title = title " in bytes"
        print "\n## " toupper(substr(title, 1, 1)) substr(title, 2) "\n"
        print "| case | at a time | " unit " | floor | times | asked |"
        print "|---|---|---|---|---|---|"
      }
      last = question
      last_unit = unit
      by_hand = column[5] > 0
      printf "| %s | %s | %s | %s | %s | %s |\n", $2, column[2],
        amount(column[4]), by_hand ? amount(column[5]) : "",
        by_hand ? sprintf("%.2f", column[6]) : "",
        unit == "bytes" ? "" : sprintf("%.3f", column[7])
    }' "$work/all.csv"
  cat <<'TAIL'

## The same as a picture

![a bar for each case, with its floor](speed.svg)
TAIL
}

# "label" amount floor, in nanoseconds: of what is done without the system.
bars() {
  awk -F'"' '{
    split($3, column, ",")
    n = column[2]
    if (column[3] != "ns" || column[5] == 0 || $2 ~ /scattered/ ||
        $1 ~ /^(file|write_file|dir|echo|turn|pipe|tools)/) next
    if (n >= 1000000) n = n / 1000000 "M"
    else if (n >= 1000) n = n / 1000 "k"
    printf "\"%s × %s\" %s %s\n", $2, n, column[4], column[5]
  }' "$work/all.csv"
}

picture() {
  rows=$(wc -l <"$work/bars")
  gnuplot <<PLOT
set terminal svg size 860, $((rows * 18 + 90)) font "sans-serif,11" noenhanced background "white"
set output "/dev/stdout"
set title "nanoseconds an operation; the mark is the floor of the same run"
set logscale x 2
set xrange [1:*]
set yrange [$rows:-1] 
set grid xtics linecolor "#dddddd"
set border 1
set tics nomirror
set style fill solid noborder
set key off
set lmargin 44
plot "$work/bars" using (1):0:(1):2:(column(0)-0.34):(column(0)+0.34):ytic(1) \
       with boxxyerror linecolor "#4878a8", \
     "" using 3:0:(\$3 * 0.96):(\$3 * 1.04):(column(0)-0.44):(column(0)+0.44) \
       with boxxyerror linecolor "#c04848", \
     "" using (\$2 * 1.05):0:(sprintf("%.1f", \$2)) with labels left
PLOT
}

measure >"$work/all.csv"
page >"$work/speed.md"
bars >"$work/bars"
picture >"$work/speed.svg"
if [ -z "$quick" ]; then
  cp "$work/speed.md" "$work/speed.svg" docs
fi
