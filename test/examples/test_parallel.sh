#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example parallel as a user would. test_parallel.sh PARALLEL
. "$(dirname "$0")/example.sh"
parallel=$(absolute "$1")
cd "$dir"

echo "parallel: all outcomes, ordered and aligned"
# Only the command that sleeps is slower than the limit.
all_outcomes() {
  run 1 "$parallel" --timeout "$limit" 'sleep 0.1; echo one; echo two' \
    'echo x >&2; exit 3' 'kill -KILL $$' 'echo so far; exec sleep 100000' 'true'
  [ "$(grep -c '  timed out' out)" = 1 ] && grep -q 'timed out *so far' out
}
with_limits 500 all_outcomes
out 'command  +ms  outcome  +output'
out 'sleep 0.1; echo one; echo two +[0-9]+\.[0-9]  exit 0 +one'
out 'echo x >&2; exit 3 +[0-9]+\.[0-9]  exit 3 *'
out 'kill -KILL \$\$ +[0-9]+\.[0-9]  signal 9 *'
out 'echo so far; exec sleep 100000 +[0-9]+\.[0-9]  timed out +so far'
out '5 commands: 2 succeeded, 3 failed'
cut -c 1-4 out | head -6 | tr '\n' ' ' >column
[ "$(cat column)" = "comm slee echo kill echo true " ] ||
  fail "order: $(cat column)"

echo "parallel: processes of a command end with it"
mkfifo alive
cat alive >said &
cut_off() {
  run 1 "$parallel" --timeout "$limit" \
    'exec >alive; echo begun; sleep 1000 & sleep 1000'
  [ -s said ] # or it ended before it had opened the FIFO
}
with_limits 500 cut_off
out '.*  timed out *'
wait $! # no process has it open

# If two pipes are written to at the same moment, either may be read first.
echo "parallel: lines are shown as they arrive"
run 1 "$parallel" --follow --jobs 2 \
  ': >one; until [ -e two ]; do sleep 0.01; done; echo last; exit 3' \
  'until [ -e one ]; do sleep 0.01; done; echo first; echo
   until grep -q first out; do sleep 0.01; done; : >two'
out '2: first'
out '2: '
out '1: last'
sed -n 's/^\([12]\): .*/\1/p' out | tr -d '\n' >order
[ "$(cat order)" = 221 ] || fail "order: $(cat order)"
out '.*  exit 3 +last'
out '.*  exit 0 +first'
rm one two
run 0 "$parallel" --follow 'cat; printf "no end"; echo x >&2'
out '1: no end'
err x
cat alive >said &
follows() {
  run 1 "$parallel" --follow --timeout "$limit" \
    'echo so far; exec 3>alive; echo begun >&3; sleep 1000 & sleep 1000' \
    'nowhere 2>/dev/null'
  [ -s said ] && grep -q 'exit 127' out
}
with_limits 500 follows
wait $! # no process has it open
out '1: so far'
out '.*  timed out +so far'
out 'nowhere .*  exit 127 *'

echo "parallel: the number of commands is limited"
run 0 "$parallel" --jobs 1 'mkdir lock; sleep 0.1; rmdir lock' \
  'mkdir lock && rmdir lock'
run 0 "$parallel" --jobs 2 ': >one; until [ -e two ]; do sleep 0.01; done' \
  ': >two; until [ -e one ]; do sleep 0.01; done' # each waits for the other

echo "parallel: lines of standard input"
printf 'echo a\n\necho b' >lines
run 0 "$parallel" <lines
out 'echo a .*  exit 0 +a'
out 'echo b .*  exit 0 +b'
out '2 commands: 2 succeeded, 0 failed'
seq 100 | sed 's/^/exit 0 #/' >lines
run 0 "$parallel" --jobs 10 <lines
out '100 commands: 100 succeeded, 0 failed'
run 0 "$parallel" </dev/null
out '0 commands: 0 succeeded, 0 failed'

head -c 200000 /dev/zero | tr '\0' x >line
run 2 "$parallel" <line
err 'parallel: standard input: a command is too long, or has a NUL in it'
printf 'echo a\0b\n' >line
run 2 "$parallel" <line
run 1 "$parallel" <&-
err 'parallel: cannot read standard input: bad file descriptor'

echo "parallel: control characters are escaped"
run 0 "$parallel" 'printf "\033]0;title\007\tx\302\233y\377 \342\202\254"' \
  'true # ü'
out '.*  exit 0     \\x1b\]0;title\\a\\tx\\xc2\\x9by\\xff €'
out 'true # ü  .*'

echo "parallel: a signal ends the commands"
mkfifo begun
"$parallel" 'echo $$ >begun; exec sleep 1000' >out 2>err &
pid=$!
read -r child <begun
kill -TERM $pid
status=0
wait $pid || status=$?
[ $status -eq 1 ] || fail "status $status"
! kill -0 "$child" 2>/dev/null || fail "the command still runs"

echo "all passed"
