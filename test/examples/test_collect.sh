#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example collect as a user would. test_collect.sh COLLECT
. "$(dirname "$0")/example.sh"
collect=$(absolute "$1")
cd "$dir"

echo "collect: names each line"
printf 'one\ntwo' >a
: >empty
run 0 "$collect" a empty
printf 'a: one\na: two\n' | cmp - out || fail 'other lines'

echo "collect: keeps the lines of each file in their order"
seq 5000 >numbers
run 0 "$collect" numbers a numbers
[ "$(wc -l <out)" -eq 10002 ] || fail 'not all lines'
sed -n 's/^a: //p' out >lines
printf 'one\ntwo\n' | cmp - lines || fail 'the order of a'

echo "collect: writes lines while other files block"
mkfifo slow quick
"$collect" slow quick >out 2>err &
pid=$!
exec 3>slow
echo first >quick
until_true grep -qx 'quick: first' out
echo second >&3
exec 3>&-
wait $pid || fail "status $?"
out 'slow: second'

echo "collect: reports unreadable files and reads the rest"
run 1 "$collect" missing a
err 'collect: missing: no such file or directory'
out 'a: two'
echo "all passed"
