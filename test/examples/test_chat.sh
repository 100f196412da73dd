#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example chat as a user would, with several clients. test_chat.sh CHAT
# ECHO_CLIENT
. "$(dirname "$0")/example.sh"
chat=$(absolute "$1")
client=$(absolute "$2")
cd "$dir"
: >out

# start OPTION...: sets $port and $pid.
start() {
  rm -f port
  mkfifo port
  : >err
  "$chat" "$@" >port 2>>err &
  pid=$!
  read_port
}

# join NAME: starts a client that sends what is written to NAME.in, while a
# process has that file open, and writes what it receives to NAME.
join() {
  rm -f "$1.in"
  mkfifo "$1.in"
  "$client" "$port" <"$1.in" >"$1" &
  pids="$pids $!"
  eval "$1=$!"
}

heard() {
  until_true grep -Fqx "$2" "$1"
}

echo "chat: each line reaches all clients"
start
join ann
exec 4>ann.in
heard ann '* guest 1 has come'
join bob
exec 5>bob.in
heard ann '* guest 2 has come'
join cat
exec 6>cat.in
heard bob '* guest 3 has come'
echo 'hello' >&4
echo 'hello, too' >&5
for one in ann bob cat; do
  heard $one 'guest 1: hello'
  heard $one 'guest 2: hello, too'
done
printf 'half a' >&4
echo 'a whole line' >&5
printf ' line\n' >&4
heard cat 'guest 1: half a line'
heard cat 'guest 2: a whole line'

echo "chat: a client that leaves gets a goodbye, and others stay"
printf 'the last' >&6
exec 6>&-
wait $cat || fail "status of the client that left"
heard ann 'guest 3: the last'
heard ann '* guest 3 has gone'
[ "$(tail -n 1 cat)" = '* goodbye' ] || fail "goodbye: $(cat cat)"
exec 5>&-
wait $bob || fail "status of the client that left without a message"
heard ann '* guest 2 has gone'

echo "chat: a line that is too long"
join dot
exec 5>dot.in
heard ann '* guest 4 has come'
head -c 1000 /dev/zero | tr '\0' x >line
cat line >&5
echo >&5
heard ann "guest 4: $(cat line)"
cat line line >&5
wait $dot || :
[ "$(tail -n 2 dot | tr '\n' ' ')" = '* that line is too long * goodbye ' ] ||
  fail "too long: $(tail -n 2 dot)"
heard ann '* guest 4 has gone'
exec 5>&-

echo "chat: a client that does not read delays others only briefly"
rm -f deaf.in
mkfifo deaf.in deaf
"$client" "$port" <deaf.in >deaf &
pids="$pids $!"
exec 5>deaf.in 6<>deaf
heard ann '* guest 5 has come'
join eve
exec 7>eve.in
# The test sends in portions, so that clients are never far behind. A client
# that gets no processor time would otherwise be disconnected, too.
has_last() {
  tail -c 100 "$1" | grep -Fqx "guest 6: $2"
}
for i in $(seq 20); do
  yes "$(cat line)" | head -n 1000 >&7
  echo "portion $i" >&7
  until_true has_last ann "portion $i"
  until_true has_last eve "portion $i"
done
heard ann '* guest 5 has gone'
echo 'that was all' >&7
heard ann 'guest 6: that was all'
[ "$(grep -c '^guest 6: x' ann)" -eq 20000 ] || fail "lines are lost"
exec 5>&- 6>&-

echo "chat: at the end each client gets a goodbye"
interrupt TERM
for one in ann eve; do
  eval "wait \$$one" || fail "status of $one"
  [ "$(tail -n 1 $one)" = '* goodbye' ] || fail "goodbye of $one"
done
exec 4>&- 7>&-
err 'chat: guest 5: timed out'
[ "$(wc -l <err)" -eq 1 ] || fail "the errors differ"
start
interrupt INT
[ ! -s err ] || fail "errors"

echo "chat: and before it the buffered lines"
start
mkfifo silent
for i in 1 2 3 4 5 6 7 8; do
  "$client" "$port" <>silent >all$i &
  pids="$pids $!"
  eval "all$i=$!"
  heard all$i "* guest $i has come"
done
join ann
exec 4>ann.in
heard ann '* guest 9 has come'
yes 'word' | head -n 1000 >&4
heard ann 'guest 9: word'
interrupt INT
for i in 1 2 3 4 5 6 7 8; do
  eval "wait \$all$i" || fail "status of $i"
  [ "$(tail -n 1 all$i)" = '* goodbye' ] || fail "goodbye of $i"
  sed '/word/!d' all$i >words$i
done
wait $ann || fail "status"
sed '/word/!d' ann >words
for i in 1 2 3 4 5 6 7 8; do
  cmp words words$i || fail "not all clients received the same"
done
exec 4>&-

echo "chat: control characters are escaped"
start
join ann
exec 4>ann.in
heard ann '* guest 1 has come'
printf 'a\033[2J\007b\302\233\n' >&4
heard ann 'guest 1: a\x1b[2J\ab\xc2\x9b'
exec 4>&-
interrupt INT

echo "chat: the number of clients is limited"
start --clients 2
join ann
exec 4>ann.in
heard ann '* guest 1 has come'
join bob
exec 5>bob.in
heard ann '* guest 2 has come'
for i in 1 2 3; do
  "$client" "$port" <>silent >cat
  [ "$(cat cat)" = '* no room, come again later' ] || fail "refused: $(cat cat)"
done
exec 5>&-
wait $bob || fail "status of the client that left"
join bob
exec 5>bob.in
heard ann '* guest 3 has come'
exec 4>&- 5>&-
interrupt INT

echo "chat: idle clients are disconnected"
start --timeout 300
"$client" "$port" <>silent >cat || fail "status of the silent client"
printf '* %s\n' 'guest 1 has come' 'you have said nothing' 'goodbye' |
  grep -vxF -f - cat && fail "received: $(cat cat)"
[ "$(tail -n 1 cat)" = '* goodbye' ] || fail "goodbye: $(cat cat)"
interrupt INT

echo "chat: continues after a connection that it cannot accept"
start
join ann
exec 4>ann.in
heard ann '* guest 1 has come'
# Without free descriptors, libuv uses one that it holds in reserve.
files() {
  ls "/proc/$pid/fd" | wc -l
}
before=$(files)
failed() {
  [ "$(files)" -lt "$before" ]
}
prlimit --pid "$pid" --nofile=3:
join bob
exec 5>bob.in
until_true failed
prlimit --pid "$pid" --nofile=1000:
heard ann '* guest 2 has come'
exec 4>&- 5>&-
interrupt INT

echo "chat: the name of a Unix domain socket"
start --unix "$dir/door"
[ "$port" = "$dir/door" ] || fail "it is at $port"
join ann
exec 4>ann.in
heard ann '* guest 1 has come'
echo 'hello' >&4
heard ann 'guest 1: hello'
run 1 "$chat" --unix "$dir/door"
err 'chat: .*address already in use'
exec 4>&-
kill -KILL "$pid"
wait "$pid" 2>/dev/null || :
[ -S door ] || fail "no socket was left"
start --unix "$dir/door"
join bob
exec 5>bob.in
heard bob '* guest 1 has come'
exec 5>&-
interrupt TERM
[ ! -e door ] || fail "the name of the socket still exists"

echo "chat: a port that is in use"
start
run 1 "$chat" "$port"
err 'chat: .*address already in use'
interrupt TERM
echo "all passed"
