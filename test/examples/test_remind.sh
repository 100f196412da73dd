#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example remind as a user would. test_remind.sh REMIND ECHO_CLIENT
. "$(dirname "$0")/example.sh"
remind=$(absolute "$1")
client=$(absolute "$2")
cd "$dir"

# log_of PREFIX: prints the lines of the log with this prefix.
log_of() {
  grep -F "[$1] " log | cut -d ' ' -f 2- | tr '\n' ,
}

said() {
  [ "$(log_of "$1")" = "$2" ] || fail "[$1] is not $2"
}

"$remind" --port 0 >log 2>err &
pid=$!
pids="$pids $pid"
until_true grep -q try log
port=$(sed -n 's/.*127.0.0.1 \([0-9]*\)$/\1/p' log)

echo "remind: several reminders, each at its time"
printf '20 tea\n10 egg\nhow?\n' | run 0 "$client" "$port"
[ "$(sort out | tr '\n' ,)" = 'egg,so many ms, what,tea,' ] ||
  fail "the output"
until_true grep -q '\[1\] is done' log
said 1 'is here,is done,'
said 1.1 'tea,said,'
said 1.2 'egg,said,'
said 1.3 'what is that?,'

echo "remind: each line of the log names its visitor"
printf '100 a\n100 b\n' | "$client" "$port" >one &
one=$!
printf '100 c\n' | "$client" "$port" >two
wait "$one" || fail "a client: status $?"
until_true grep -q '\[2\] is done' log
until_true grep -q '\[3\] is done' log
cut -d ' ' -f 2- log | sort >words
printf 'a\nb\nc\n' >letters
[ "$(grep -cFx -f letters words)" = 3 ] || fail "not three reminders"
grep -q '^\[[23]\.2\] b$' log || fail "b is not the second of a visitor"

echo "remind: the reminders of a client are limited"
yes '3600000 much' | head -n 101 | run 0 "$client" "$port"
until_true grep -q '\[4\] too many reminders' log

echo "remind: ends with connected clients"
mkfifo hold
"$client" "$port" <hold >out &
staying=$!
exec 5>hold
printf '3600000 never\n10 soon\n' >&5
until_true grep -qx soon out # although the first is not due
until_true grep -q '\[5\.2\] said' log
interrupt TERM
exec 5>&-
wait "$staying" || :
said server 'ends,'
said 5.1 'never,operation canceled: timed out,'
[ ! -s err ] || fail "errors"
echo "all passed"
