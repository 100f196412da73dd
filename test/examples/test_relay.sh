#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example relay as a user would. test_relay.sh RELAY ECHO_CLIENT
. "$(dirname "$0")/example.sh"
relay=$(absolute "$1")
client=$(absolute "$2")
cd "$dir"

# start_relay ARGUMENT...: starts a relay whose command prints what is written
# to the file descriptor 5. Sets $port and $pid.
start_relay() {
  rm -f port said
  mkfifo port said
  "$relay" --timeout "$never" "$@" 'cat said' >port 2>err 6>&- &
  pid=$!
  pids="$pids $pid"
  read_port
  exec 5>said
}

# hear FILE: starts a client that sends nothing and stays connected.
hear() {
  : >"$1"
  "$client" "$port" <nothing >"$1" 5>&- 6>&- &
  pids="$pids $!"
}

# has FILE LINE: whether the file has the line.
has() {
  grep -Fqx "$2" "$1"
}

# say_until FILE LINE: sends the line until the client of the file has received
# it.
say_until() {
  until_true sh -c "echo '$2' >&5; grep -Fqx '$2' '$1'"
}

# end_relay STATUS: waits for the relay and asserts its status.
end_relay() {
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq "$1" ] || fail "relay: status $status"
}

mkfifo nothing
exec 6<>nothing

echo "relay: all clients receive the same lines"
start_relay
hear one
hear two
say_until one come
say_until two both
echo first >&5
echo last >&5
exec 5>&-
end_relay 0
until_true has one last
until_true has two last
for heard in one two; do
  [ "$(tail -n 2 $heard | tr '\n' ,)" = 'first,last,' ] || fail "$heard"
done

echo "relay: a late client receives the newest lines"
start_relay --every 1000
hear one
say_until one come
seq 10000 >&5
hear late
until_true has late 10000
until_true has one 10000
[ "$(tail -n 1 one)" = 10000 ] || fail "the last is not the last"
for heard in one late; do
  [ "$(wc -l <$heard)" -lt 1000 ] || fail "$heard hears too much"
done
exec 5>&-
end_relay 0

echo "relay: a slow client misses lines and learns how many"
start_relay --room 1
mkfifo slow
"$client" "$port" <nothing >slow 5>&- 6>&- &
pids="$pids $!"
exec 7<slow
echo come >&5 # more than the buffers of the system hold
head -c 20000000 /dev/zero | tr '\0' x | fold -w 1000 >&5
echo >&5
exec 5>&-
grep -a -m 1 -E '^\([0-9]+ missed\)$' <&7 >told || fail "no client was told"
exec 7<&-
end_relay 0

echo "relay: ends with the command or by a signal"
run 1 "$relay" 'exit 3'
run 0 "$relay" true
start_relay
interrupt TERM
exec 5>&-
echo "all passed"
