#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example proxy, or its counterpart for Node, in front of an echo
# server. test_proxy.sh PROXY ECHO_CLIENT ECHO_SERVER
. "$(dirname "$0")/example.sh"

proxy=$(absolute "$1")
client=$(absolute "$2")
echo_server=$(absolute "$3")
cd "$dir"

# Starts an echo server and sets $echoes to its port.
rm -f port
mkfifo port
"$echo_server" 0 >port 2>/dev/null &
pids="$pids $!"
read_port
echoes=$port

# start OPTION...: sets $port and $pid.
start() {
  rm -f port
  mkfifo port
  "$proxy" --idle "$never" --grace "$never" "$@" >port 2>err &
  pid=$!
  pids="$pids $pid"
  read_port
}

# ends STATUS: waits for the proxy and asserts its status.
ends() {
  status=0
  wait $pid || status=$?
  [ $status -eq "$1" ] || fail "proxy: status $status, not $1"
}

echo "proxy: half-closed clients receive their echo"
start 127.0.0.1 "$echoes"
dd if=/dev/urandom of=from bs=100000 count=33 2>/dev/null
clients=
for i in 1 2 3 4; do
  "$client" "$port" <from >to$i &
  clients="$clients $!"
done
for one in $clients; do
  wait "$one" || fail "client: status $?"
done
for i in 1 2 3 4; do
  cmp from to$i || fail "echo $i"
done

echo "proxy: after a signal open connections complete"
mkfifo hold
"$client" "$port" <hold >out &
staying=$!
exec 5>hold
echo one >&5
until_true [ -s out ]
kill -TERM $pid
refused() {
  ! "$client" "$port" </dev/null >/dev/null
}
until_true refused
echo two >&5
exec 5>&-
ends 0
wait $staying || fail "client: status $?"
[ "$(cat out)" = "$(printf 'one\ntwo')" ] || fail "echo: $(cat out)"
[ ! -s err ] || fail "errors"

echo "proxy: connections that stay are closed"
start --grace 100 127.0.0.1 "$echoes"
exec 5<>hold
"$client" "$port" <hold >cut &
staying=$!
echo one >&5
until_true [ -s cut ]
kill -INT $pid
ends 1
wait $staying || : # possibly with a reset
err 'proxy: timed out'

echo "proxy: idle connections are closed"
start --idle 1000 127.0.0.1 "$echoes"
"$client" "$port" <hold >out || : # possibly with a reset
until_true grep -qx 'proxy: idle for too long' err
kill -INT $pid
ends 0
exec 5>&-

echo "proxy: without a server it reports errors and continues"
start 127.0.0.1 1
"$client" "$port" </dev/null >out || : # possibly with a reset
until_true grep -q '^proxy: connect.*' err
"$client" "$port" </dev/null >out || :

echo "proxy: a port that is in use"
run 1 "$proxy" --port "$port" 127.0.0.1 1
err 'proxy: .*address already in use.*'
kill -TERM $pid
ends 0
echo "all passed"
