#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example thread as a user would. test_thread.sh THREAD
. "$(dirname "$0")/example.sh"
thread=$(absolute "$1")
cd "$dir"

echo "thread: counts lines"
printf 'one\ntwo\nthree' >file
run 0 "$thread" file
out '2 lines'
: >file
run 0 "$thread" file
out '0 lines'

echo "thread: waits for a file that blocks"
mkfifo pipe
"$thread" pipe >out 2>err &
pid=$!
{
  echo one
  echo two
  echo three
} >pipe
wait $pid || fail "status $?"
out '3 lines'

echo "thread: reports unreadable files"
run 1 "$thread" missing
err 'thread: missing: no such file or directory'
run 1 "$thread" .
err 'thread: \.: illegal operation on a directory'
echo "all passed"
