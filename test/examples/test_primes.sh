#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example primes as a user would. test_primes.sh PRIMES ECHO_CLIENT
. "$(dirname "$0")/example.sh"
primes=$(absolute "$1")
client=$(absolute "$2")
cd "$dir"

mkfifo said
"$primes" --port 0 --beat 20 >said 2>err &
server=$!
pids="$pids $server"
exec 3<said
read -r line <&3
port=${line#*:}
port=${port%%,*}

echo "primes: answers a client that has ended its side"
echo 1000 | run 0 "$client" "$port"
[ "$(tr -d . <out)" = 168 ] || fail "not 168 primes"
echo x | run 0 "$client" "$port"
out 'a number, please'
echo 3000000 | run 0 "$client" "$port"
[ "$(tr -d . <out)" = 216816 ] || fail "not 216816 primes"

echo "primes: stops counting for a client that disconnects"
echo 2147483647 >from
"$client" "$port" <from >dots &
left=$!
until_true test -s dots # it runs
kill -KILL "$left"
read -r line <&3
[ "${line% *}" = "left at" ] || fail "no report: $line"
kill -TERM "$server"
wait "$server" || fail "status $?"
[ ! -s err ] || fail "errors"
echo "all passed"
