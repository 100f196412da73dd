#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example wrap as a user would. test_wrap.sh WRAP
. "$(dirname "$0")/example.sh"
wrap=$(absolute "$1")
cd "$dir"

# begin: starts wrap and waits until it reports that it waits for the file.
begin() {
  : >out
  "$wrap" file >out 2>err &
  pid=$!
  pids="$pids $pid"
  until_true grep -q waiting out
}

echo "wrap: ends when the file changes"
: >file
begin
echo more >>file
wait "$pid" || fail "status $?"
out changed

echo "wrap: ends when the file is removed"
begin
rm file
wait "$pid" || fail "status $?"
out changed

echo "wrap: a signal ends it"
: >file
for signal in INT TERM; do
  begin
  kill -$signal "$pid"
  wait "$pid" || fail "SIG$signal: status $?"
  ! grep -q changed out || fail "SIG$signal: nothing has changed"
done

echo "wrap: reports files that it cannot watch"
run 1 "$wrap" missing
err 'wrap: no such file or directory'
echo "all passed"
