#!/bin/sh
# test_examples.sh EMBED ECHO_CLIENT PARALLEL
. "$(dirname "$0")/example.sh"

embed=$(absolute "$1")
client=$(absolute "$2")
parallel=$(absolute "$3")
cd "$dir"

printf 'short' >short
: >empty
dd if=/dev/urandom of=from bs=1000 count=3333 2>/dev/null

# start_embed: sets $port and $pid.
start_embed() {
  rm -f port
  mkfifo port
  "$embed" 0 >port 2>err &
  pid=$!
  read -r port <port
}

# Waits for the end of embed, which a signal has announced.
end_embed() {
  status=0
  wait $pid || status=$?
  [ $status -eq 0 ] || fail "embed: status $status"
  [ ! -s err ] || fail "embed: errors"
}

# ask INPUT EXPECTED, both formats of printf.
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
  "ERROR read 'absent': no such file or directory\nafter\n"
ask 'GET-FILE /etc/passwd\n' "ERROR '/etc/passwd' is elsewhere\n"
ask 'GET-FILE from\n' "ERROR read 'from': file too large\n"
dd if=from of=large bs=1000 count=1000 2>/dev/null
printf 'GET-FILE large\n' | "$client" "$port" >out
{
  echo "OK 1000000"
  cat large
} | cmp - out

echo "embed: the route gives up on a file that does not come"
mkfifo never
printf 'GET-FILE never\nafter\n' | "$client" "$port" >out &
asking=$!
exec 4>never # opens when embed does
wait $asking
out 'ERROR .*timed out'
out 'after'
exec 4>&-
kill -TERM $pid
end_embed

echo "embed: ends with clients that stay and a route at work"
start_embed
mkfifo hold
"$client" "$port" <hold >out &
staying=$!
exec 5>hold
printf 'GET-FILE never\n' | "$client" "$port" >/dev/null &
asking=$!
exec 4>never
kill -INT $pid
exec 4>&-
end_embed
exec 5>&-
wait $staying || :
wait $asking || :

run 2 "$embed" 65536
err 'usage: embed .*'
run 2 "$embed" x
echo "parallel: every outcome, in order and aligned"
run 1 "$parallel" --timeout 3000 'sleep 0.1; echo one; echo two' 'echo x >&2; exit 3' \
  'kill -KILL $$' 'echo so far; exec sleep 60' 'true'
out 'command  +ms  outcome  +output'
out 'sleep 0.1; echo one; echo two +[1-9][0-9]{2,3}\.[0-9]  exit 0 +one'
out 'echo x >&2; exit 3 +[0-9]+\.[0-9]  exit 3 *'
out 'kill -KILL \$\$ +[0-9]+\.[0-9]  signal 9 *'
out 'echo so far; exec sleep 60 +[1-9][0-9]{3}\.[0-9]  timed out +so far'
out '5 commands: 2 succeeded, 3 failed'
cut -c 1-4 out | head -6 | tr '\n' ' ' >column
[ "$(cat column)" = "comm slee echo kill echo true " ] ||
  fail "order: $(cat column)"

echo "parallel: so many at a time"
run 0 "$parallel" --jobs 1 'mkdir lock; sleep 0.1; rmdir lock' \
  'mkdir lock && rmdir lock'
run 0 "$parallel" --jobs 2 ': >one; until [ -e two ]; do sleep 0.01; done' \
  ': >two; until [ -e one ]; do sleep 0.01; done' # each waits for the other

echo "parallel: lines of standard input"
printf 'echo a\n\necho b' >lines
run 0 "$parallel" <lines
out 'echo a .*  exit 0 +a'
out 'echo b .*  exit 0 +b'
out '2 commands: 2 succeeded, 0 failed'
seq 100 | sed 's/^/exit 0 #/' >lines
run 0 "$parallel" --jobs 10 <lines
out '100 commands: 100 succeeded, 0 failed'
run 0 "$parallel" </dev/null
out '0 commands: 0 succeeded, 0 failed'

echo "parallel: arguments"
for wrong in --jobs=0 --jobs=x --timeout= --bogus; do
  run 2 "$parallel" "$wrong" true
  err 'usage: parallel .*'
done
run 0 "$parallel" --help
out 'usage: parallel .*'

echo "all passed"