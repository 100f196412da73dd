#!/bin/sh
# SPDX-License-Identifier: MIT
# test_cores.sh CORES ECHO_CLIENT
. "$(dirname "$0")/example.sh"

cores=$(absolute "$1")
client=$(absolute "$2")
cd "$dir"

# start OPTION...: sets $port and $pid.
start() {
  rm -f port
  mkfifo port
  "$cores" "$@" 0 >port 2>err &
  pid=$!
  read_port
}

end() {
  status=0
  wait $pid || status=$?
  [ $status -eq "$1" ] || fail "cores: status $status"
}

echo "cores: echoes to many clients at a time"
start
dd if=/dev/urandom of=from bs=1000 count=333 2>/dev/null
clients=
for i in 1 2 3 4 5 6 7 8; do
  "$client" "$port" <from >to$i &
  clients="$clients $!"
done
for one in $clients; do
  wait $one || fail "client: status $?"
done
for i in 1 2 3 4 5 6 7 8; do
  cmp from to$i || fail "echo $i"
done

echo "cores: a client may end its side"
mkfifo hold
"$client" "$port" <hold >out &
staying=$!
exec 5>hold
echo one >&5
until_true test -s out
kill -TERM $pid
echo two >&5
exec 5>&-
end 0
wait $staying || fail "client: status $?"
[ "$(cat out)" = "$(printf 'one\ntwo')" ] || fail "echo: $(cat out)"

echo "cores: clients and their time are limited"
start --clients 1 --timeout 100
exec 5<>hold
stays=
for i in 1 2 3 4 5 6 7 8; do
  "$client" "$port" <hold >to$i & # clients that are idle
  stays="$stays $!"
done
for one in $stays; do
  wait "$one" || fail "client: status $?"
done
exec 5>&-
kill -TERM $pid
end 0

echo "cores: a port that is in use"
start
run 1 "$cores" "$port"
err 'cores: bind .*: address already in use'
kill -INT $pid
end 0

echo "all passed"
