#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example stopwatch as a user would. test_stopwatch.sh STOPWATCH
. "$(dirname "$0")/example.sh"
stopwatch=$(absolute "$1")
cd "$dir"

# begin OPTION...: starts the stopwatch and waits until it runs.
begin() {
  : >out
  "$stopwatch" "$@" >out 2>log &
  pid=$!
  pids="$pids $pid"
  until_true grep -qx '0 ms' out
}

echo "stopwatch: shows the elapsed time"
begin --every 1
until_true grep -Eqx '[0-9]+ ms' out
until_true grep -Eqx '[0-9]{2,} ms' out

echo "stopwatch: a signal starts a new lap"
kill -USR1 "$pid"
until_true grep -Eqx 'lap 1: [0-9]+ ms' out
kill -USR1 "$pid"
until_true grep -Eqx 'lap 2: [0-9]+ ms' out
lines=$(wc -l <out)
longer() {
  [ "$(wc -l <out)" -gt $((lines + 10)) ]
}
until_true longer

echo "stopwatch: another signal ends the last lap"
interrupt INT
tail -n 1 out | grep -Eqx 'lap 3: [0-9]+ ms' || fail "no last lap"
[ ! -s log ] || fail "errors"
awk '/^lap/ { laps += $3 } END { exit !(laps >= last) }
  !/^lap/ { if ($1 < last) exit 1; last = $1 }' out ||
  fail "the laps do not add up to the time"

echo "stopwatch: the reader closes the pipe"
begin --every 9999999
interrupt TERM
out 'lap 1: [0-9]+ ms'
"$stopwatch" --every 1 2>log | head -n 1 >out # it would not end by itself
out '0 ms'
[ ! -s log ] || fail "errors"
echo "all passed"
