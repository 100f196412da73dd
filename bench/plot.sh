#!/bin/sh
# Draws what the benchmarks measure: a bar for each case, the floor it was
# measured with as a mark on it.
#
#   sh bench/plot.sh BUILD > docs/speed.svg      needs gnuplot
#
# BUILD was made with --buildtype=release. --quick draws without measuring.
set -eu
[ $# -ge 1 ] || { echo 'usage: sh bench/plot.sh BUILD [--quick]' >&2; exit 2; }
build=$1
shift
command -v gnuplot >/dev/null || { echo 'plot: install gnuplot-nox' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for question in settle chain follow repeat combine channel timers remote; do
  echo "measuring: $question" >&2
  "$build/bench/bench_$question" --csv "$@" | tail -n +2 |
    sed "s/^/$question,/"
done >"$work/all.csv"
[ ! -x "$build/bench/bench_async" ] ||
  "$build/bench/bench_async" --csv "$@" | tail -n +2 | sed 's/^/async,/' \
    >>"$work/all.csv"

# "label" amount floor, in nanoseconds.
awk -F'"' '{
  split($3, column, ",")
  n = column[2]
  if (column[3] != "ns" || column[5] == 0 || $2 ~ /scattered/) next
  if (n >= 1000000) n = n / 1000000 "M"
  else if (n >= 1000) n = n / 1000 "k"
  printf "\"%s × %s\" %s %s\n", $2, n, column[4], column[5]
}' "$work/all.csv" >"$work/bars"

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
