#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example scan as a user would. test_scan.sh SCAN ANSWER_SERVER
. "$(dirname "$0")/example.sh"
scan=$(absolute "$1")
server=$(absolute "$2")
cd "$dir"

mkfifo port
"$server" </dev/null >port &
pids="$pids $!"
read -r port <port
first=$((port > 10 ? port - 10 : 1))
last=$((port < 65525 ? port + 10 : 65535))

echo "scan: shows open ports"
run 0 "$scan" --timeout "$never" --limit 3 127.0.0.1 "$first-$last"
out 'address  +ms'
out "127\.0\.0\.1:$port +[0-9]+\.[0-9]"
out '127\.0\.0\.1: [1-9][0-9]* open, [1-9][0-9]* closed, 0 silent, in .* ms'
[ ! -s err ] || fail "progress without a terminal"
name_host
run 0 "$scan" --timeout "$never" "$host" "$port"
out '.*: [01] open, [01] closed, 0 silent, in .* ms'

echo "scan: tries each port once"
run 0 "$scan" --limit 1 127.0.0.1 "$first-$last"
sed -n 's/.*: \(.*\) open, \(.*\) closed, \(.*\) silent.*/\1 + \2 + \3/p' out \
  >sum
[ "$(($(cat sum)))" -eq $((last - first + 1)) ] || fail "sum: $(cat sum)"

echo "scan: reports ports that it could not try"
run 1 sh -c "ulimit -n 20; exec '$scan' 127.0.0.1 $first-$last"
err 'scan: [0-9]+ could not be tried: connect .*: too many open files'
run 1 "$scan" a..b 80
err "scan: getaddrinfo 'a\.\.b': .*"

echo "scan: arguments"
for wrong in 0 65536 5-4 x 1- -1 1-2-3 ''; do
  run 2 "$scan" -- 127.0.0.1 "$wrong"
  err "scan: '.*': .*"
  err 'usage: scan .*'
done
for wrong in --limit=0 --timeout=x; do
  run 2 "$scan" "$wrong" 127.0.0.1 80
  err "scan: '.*': --[a-z]* is a number from 1 to [0-9]*"
done
echo "all passed"
