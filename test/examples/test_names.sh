#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example names as a user would, with an address of this machine.
# test_names.sh NAMES
. "$(dirname "$0")/example.sh"
names=$(absolute "$1")
cd "$dir"
name=$(getent hosts 127.0.0.1 | sed 's/^[^ ]* *//; s/ .*//')
[ -n "$name" ] || {
  leave_out "127.0.0.1 has no name here (/etc/hosts)"
  name=127.0.0.1
}

echo "names: replaces only the address at the beginning"
printf '%s\n' '127.0.0.1 - GET /127.0.0.1' '127.0.0.1' '' 'nobody 127.0.0.1' \
  '127.0.0.1x' '127.0.0.1.5 a' '999.0.0.1 a' '1 a' ' 127.0.0.1' >log
printf '127.0.0.1\tat the end' >>log
sed "s/^127\.0\.0\.1\([[:blank:]].*\)\{0,1\}\$/$name\1/" log >expected
echo >>expected
run 0 "$names" log
cmp out expected || fail "the lines differ"
run 0 "$names" <log
cmp out expected || fail "the lines from standard input differ"
[ ! -s err ] || fail "errors"

echo "names: looks an address up once and keeps the order"
seq 5000 | sed 's/^/127.0.0.1 /' >log
sed "s/^127.0.0.1/$name/" log >expected
run 0 "$names" --count log
cmp out expected || fail "the lines differ"
err '5000 lines, 1 lookups'

echo "names: the rate limits lookups"
for spelt in ::ffff:127.0.0.1 0::ffff:127.0.0.1 ::ffff:7f00:1; do
  echo "$spelt line"
done >log
run 0 "$names" --count --rate 4 log
err '3 lines, 3 lookups'
begin=$(date +%s)
run 0 "$names" --count --rate 1 log
[ $(($(date +%s) - begin)) -ge 2 ] || fail "faster than 1 per second"
[ "$(sed 's/.* //' out | uniq -c)" = '      3 line' ] || fail "the lines differ"

echo "names: lines arrive at once, and results expire"
mkfifo pipe
"$names" --count --keep 1 <pipe >out 2>err &
pid=$!
pids="$pids $pid"
exec 3>pipe
echo '127.0.0.1 first' >&3
until_true grep -q ' first$' out
sleep 1.1
echo '127.0.0.1 second' >&3
until_true grep -q ' second$' out
exec 3>&-
wait "$pid" || fail "status $?"
err '2 lines, 2 lookups'

echo "names: an address without a name remains"
if unshare -rn true 2>/dev/null; then
  echo '192.0.2.1 line' >log
  run 0 unshare -rn "$names" log
  cmp out log || fail "another line"
fi

echo "names: unreadable files"
run 1 "$names" missing
err "names: open 'missing': no such file or directory"
run 1 "$names" .
err "names: .*"

echo "names: the reader closes the pipe"
seq 100000 | sed 's/^/127.0.0.1 /' >log
{ "$names" log 2>err || echo $? >status; } | head -n 1 >out
[ "$(cat status)" = 1 ] || fail "status"
[ ! -s err ] || fail "errors"
mkfifo silent
exec 3<>silent
echo 127.0.0.1 >&3
{ "$names" <silent 2>err || echo $? >status; } | true
[ ! -s err ] || fail "errors"
echo "all passed"
