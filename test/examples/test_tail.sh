#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example tail as a user would. test_tail.sh TAIL
. "$(dirname "$0")/example.sh"
tail=$(absolute "$1")
cd "$dir"
mkdir logs

# ends LINE: whether LINE is the last line shown.
ends() {
  [ "$(sed -n '$p' out)" = "$1" ]
}

# start FILE...: sets $pid.
start() {
  : >out
  "$tail" "$@" >out 2>err &
  pid=$!
  pids="$pids $pid"
}

echo "tail: the last ten lines and new lines"
seq 2000 >logs/a
start logs/a
until_true ends 2000
[ "$(wc -l <out)" -eq 10 ] || fail "not ten lines"
printf 'half a ' >>logs/a
until_true ends 'half a '
echo line >>logs/a
until_true ends 'half a line'
echo elsewhere >logs/other

echo "tail: a rotated file, including its late lines"
mv logs/a logs/a.1
echo late >>logs/a.1
echo new >logs/a
until_true ends new
grep -qx late out || fail "late lines"
echo more >>logs/a
until_true ends more

echo "tail: a replaced file"
echo replaced >logs/a.new
mv logs/a.new logs/a
until_true ends replaced

echo "tail: a truncated file"
: >logs/a
echo cut >>logs/a # shorter than before, whenever tail looks
until_true ends cut
interrupt INT
[ "$(grep -c . out)" -eq 16 ] || fail "lines are repeated or from another file"
[ ! -s err ] || fail "errors"

echo "tail: many lines at once"
echo first >logs/a
start logs/a
until_true ends first
seq 300000 >>logs/a
until_true ends 300000
interrupt TERM
cmp out logs/a

echo "tail: several files"
echo one >logs/a
echo two >logs/b
(cd logs && exec "$tail" a b) >out 2>err &
pid=$!
pids="$pids $pid"
until_true grep -qx one out
until_true grep -qx two out
echo three >>logs/a
until_true grep -qx three out
echo four >>logs/b
until_true ends four
interrupt INT
printf 'three\n\n==> b <==\nfour\n' >expected_end
sed -n '/three/,$p' out | cmp - expected_end || fail "headings"

echo "tail: a file that does not exist yet"
start logs/later
until_true test -s err
err "tail: waiting for 'logs/later'"
seq 20 >logs/later.new
mv logs/later.new logs/later
until_true ends 20
[ "$(wc -l <out)" -eq 20 ] || fail "not all bytes"
echo more >>logs/later
until_true ends more
interrupt INT

echo "tail: files that it cannot follow"
mkfifo logs/fifo
run 1 "$tail" logs/a logs/fifo
err "tail: 'logs/fifo': not a regular file"
run 1 "$tail" logs
err "tail: 'logs': not a regular file"
run 1 "$tail" absent/absent
err 'tail: .*no such file or directory'
run 1 "$tail" "$(printf 'absent\033/x')"
! grep -q "$(printf '\033')" err || fail "an escape"

echo "tail: the reader closes the pipe"
mkfifo pipe
"$tail" logs/a >pipe 2>err &
pid=$!
pids="$pids $pid"
head -n 1 pipe >/dev/null
until_ended() {
  echo x >>logs/a
  ! kill -0 $pid
}
until_true until_ended
status=0
wait $pid || status=$?
[ $status -eq 1 ] || fail "status $status"
[ ! -s err ] || fail "errors"
echo "all passed"
