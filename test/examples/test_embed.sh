#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example embed as a user would. test_embed.sh EMBED ECHO_CLIENT
. "$(dirname "$0")/example.sh"

embed=$(absolute "$1")
client=$(absolute "$2")
cd "$dir"
# The quarantine of ASan must not count as memory that embed keeps.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:quarantine_size_mb=1"

printf 'short' >short
: >empty
dd if=/dev/urandom of=from bs=1000 count=3333 2>/dev/null

# start_embed OPTION...: sets $port and $pid.
start_embed() {
  rm -f port
  mkfifo port
  "$embed" --timeout "$never" "$@" 0 >port 2>err &
  pid=$!
  pids="$pids $pid"
  read_port
}

# Waits until embed ends after a signal.
end_embed() {
  status=0
  wait $pid || status=$?
  [ $status -eq 0 ] || fail "embed: status $status"
  [ ! -s err ] || fail "embed: errors"
}

# ask INPUT EXPECTED: sends and expects these texts, which are formats of
# printf.
ask() {
  printf "$1" | "$client" "$port" >out
  printf "$2" >expected
  cmp expected out || fail "answer to $1"
}

echo "embed: echo"
start_embed
ask 'one\ntwo\n' 'one\ntwo\n'
ask 'half a line' 'half a line'
ask '' ''
ask 'GET-FIL\n GET-FILE short\n' 'GET-FIL\n GET-FILE short\n'
tr -d G <from >no_route
"$client" "$port" <no_route >out
cmp no_route out

echo "embed: the route"
ask 'GET-FILE short\n' 'OK 5\nshort'
ask 'a\nGET-FILE short\r\nb\nGET-FILE empty\nGET-FILE short\nc' \
  'a\nOK 5\nshortb\nOK 0\nOK 5\nshortc'
ask 'GET-FILE absent\nafter\n' \
  "ERROR open 'absent': no such file or directory\nafter\n"
ask 'GET-FILE /etc/passwd\n' "ERROR '/etc/passwd' is elsewhere\n"
ask 'GET-FILE ../short\n' "ERROR '../short' is elsewhere\n"
ask 'GET-FILE from\n' "ERROR file too large\n"
ln -s /etc/passwd leads_out
ln -s absent leads_nowhere
for name in leads_out leads_nowhere; do
  ask "GET-FILE $name\nafter\n" 'ERROR no such file or directory\nafter\n'
done
dd if=from of=large bs=1000 count=1000 2>/dev/null
printf 'GET-FILE large\n' | "$client" "$port" >out
{
  echo "OK 1000000"
  cat large
} | cmp - out

echo "embed: other file types do not block"
mkfifo never
for i in 1 2 3 4 5 6 7 8; do # more than the pool has threads
  ask 'GET-FILE never\nafter\n' 'ERROR not a regular file\nafter\n'
done
ask 'GET-FILE .\nGET-FILE short\n' 'ERROR not a regular file\nOK 5\nshort'
kill -TERM $pid
end_embed

echo "embed: ends with connected clients and a running route"
start_embed
mkfifo hold deaf
"$client" "$port" <hold >out &
staying=$!
exec 5>hold
yes 'GET-FILE large' | head -n 100 >greed
"$client" "$port" <greed >deaf 5>&- &
asking=$!
exec 6<>deaf
head -c 1 <&6 >/dev/null # the answer is in progress
kill -INT $pid
end_embed
exec 5>&-
wait $staying || :
exec 6>&-
wait $asking || :

echo "embed: clients are limited, and idle ones are disconnected"
# comes_in: a client that sends at once is served after another one was
# disconnected.
comes_in() {
  [ "$(echo one | "$client" "$port")" = one ]
}

# one_at_a_time: returns false if a client that sends at once exceeded the
# limit.
one_at_a_time() {
  came_in=yes
  start_embed --clients 1 --timeout "$limit"
  "$client" "$port" <hold >first &
  staying=$!
  exec 5>hold
  comes_in || came_in=
  wait $staying || fail "status of the first"
  exec 5>&-
  exec 6<>deaf # first: the client waits for a reader
  "$client" "$port" <greed >deaf 6>&- & # and takes nothing
  asking=$!
  [ -z "$came_in" ] || comes_in || came_in=
  exec 6>&-
  wait $asking || :
  kill -TERM $pid
  end_embed
  [ -n "$came_in" ]
}
with_limits 300 one_at_a_time

echo "embed: unsent bytes of a client are limited"
start_embed
head -c 200000000 /dev/zero >flood
"$client" "$port" <flood >deaf &
flooding=$!
exec 6<>deaf
# stalled: returns whether embed has read nothing since a moment ago.
stalled() {
  before=$(sed -n 's/^rchar: //p' "/proc/$pid/io")
  sleep 0.1
  [ "$before" -gt 1000000 ] &&
    [ "$before" = "$(sed -n 's/^rchar: //p' "/proc/$pid/io")" ]
}
until_true stalled
exec 7<deaf 6>&-
cmp - flood <&7 || fail "the echoed bytes differ"
exec 7<&-
wait $flooding || fail "the bytes were not echoed"
peak=$(sed -n 's/^VmHWM:[[:blank:]]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")
[ "$peak" -lt 100000 ] || fail "unsent bytes stay in memory: $peak kB"
kill -TERM $pid
end_embed

echo "embed: a port that is in use"
start_embed
run 1 "$embed" "$port"
err 'embed: cannot listen: address already in use'
: >err
kill -TERM $pid
end_embed
echo "all passed"
