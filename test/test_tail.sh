#!/bin/sh
# Runs the example tail as a user would. test_tail.sh TAIL
. "$(dirname "$0")/example.sh"
tail=$(absolute "$1")
cd "$dir"
mkdir logs

# ends LINE: the last line shown is this.
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

echo "tail: the last ten lines, and what is added"
seq 2000 >logs/a
start logs/a
until_true ends 2000
[ "$(wc -l <out)" -eq 10 ] || fail "not ten lines"
printf 'half a ' >>logs/a
until_true ends 'half a '
echo line >>logs/a
until_true ends 'half a line'
echo elsewhere >logs/other

echo "tail: a file that is rotated away, late lines included"
mv logs/a logs/a.1
echo late >>logs/a.1
echo new >logs/a
until_true ends new
grep -qx late out || fail "late lines"
echo more >>logs/a
until_true ends more

echo "tail: a file that is replaced"
echo replaced >logs/a.new
mv logs/a.new logs/a
until_true ends replaced

echo "tail: a file that is cut"
: >logs/a
echo cut >>logs/a # shorter than what was there: no matter when tail looks
until_true ends cut
interrupt INT
[ "$(grep -c . out)" -eq 16 ] || fail "lines twice, or of others"
[ ! -s err ] || fail "errors"

echo "tail: much at once"
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

echo "tail: arguments, and files that are not there"
run 1 "$tail" logs/a absent
err "tail: open 'absent': no such file or directory"
run 1 "$tail" absent/absent
run 1 "$tail" logs
run 2 "$tail"
err 'usage: tail FILE\.\.\.'
run 2 "$tail" --bogus
