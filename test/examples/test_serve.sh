#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example serve as a user would, with raw requests. test_serve.sh SERVE
# ECHO_CLIENT
. "$(dirname "$0")/example.sh"
serve=$(absolute "$1")
client=$(absolute "$2")
cd "$dir"

# start ARGUMENT...: sets $pid and $port.
start() {
  rm -f said
  mkfifo said
  "$serve" -p 0 -t "$never" -g "$never" "$@" >said 2>log &
  pid=$!
  pids="$pids $pid"
  read -r line <said
  port=${line##*:}
  port=${port%/}
}

# ask REQUEST: sends the request, a format of printf. The answer goes to the
# file out.
ask() {
  printf "$1" | "$client" "$port" >out 2>err || fail "$1"
}

# refused STATUS REQUEST: asserts the status, and that the connection closes
# after the answer.
refused() {
  ask "$2"
  head -n 1 out | grep -q "^HTTP/1.1 $1 " || fail "not $1: $2"
  grep -qi '^connection: close' out || fail "open behind $1: $2"
}

# status STATUS TARGET: asserts the status of a GET request.
status() {
  ask "GET $2 HTTP/1.1\r\nHost: x\r\n\r\n"
  head -n 1 out | grep -q "^HTTP/1.1 $1 " || fail "not $1: $2"
}

mkdir -p www/sub/deep www/empty_directory
echo '<p>index</p>' >www/index.html
echo '<p>sub</p>' >www/sub/index.html
seq 1000 >www/lines.txt
echo spaces >'www/a b%c.txt'
: >www/empty
dd if=/dev/urandom of=www/large.bin bs=1000 count=8000 2>/dev/null
echo secret >secret
ln -s ../secret www/leads_out
ln -s .. www/leads_up
ln -s lines.txt www/leads_in.txt
mkfifo www/fifo
start www

echo "serve: files, redirects and missing files"
for target in / /lines.txt '/lines.txt?query' /sub/ /leads_in.txt /empty \
  '/a%%20b%%25c.txt' '/%%6cines.txt' http://x/lines.txt http://x \
  'http://x?/none'; do
  status 200 "$target"
done
for target in /none /lines.txt/ /fifo /leads_out /leads_up/secret \
  /../secret /%%2e%%2e/secret /sub/../lines.txt /sub/%%2e%%2e/%%2e%%2e/secret \
  /..%%2fsecret //lines.txt /./lines.txt '/..\\secret' /empty_directory/; do
  status 404 "$target"
  ! grep -q secret out || fail "leads out: $target"
done
status 301 /sub
grep -q '^Location: /sub/' out || fail "Location"
if [ "$(id -u)" -ne 0 ]; then
  echo x >www/unreadable
  chmod 000 www/unreadable
  status 403 /unreadable
else
  echo "skipped: root may read every file"
fi
long=$(printf '%2000s' '' | tr ' ' x)
status 404 "/$(echo "$long" | cut -c 1-300)"

echo "serve: an empty line before a request is ignored"
twice='GET /empty HTTP/1.1\r\nHost: x\r\n\r\n'
ask "\r\n$twice\r\n$twice"
[ "$(grep -c '^HTTP/1.1 200 ' out)" -eq 2 ] || fail 'one empty line'
ask "$twice\r\n\r\n$twice"
[ "$(grep -c '^HTTP/1.1 200 ' out)" -eq 1 ] || fail 'two empty lines'
grep -q '^HTTP/1.1 400 ' out || fail 'two empty lines'

echo "serve: invalid requests"
for request in '\r\n\r\n' 'GET\r\n\r\n' 'GET /\r\n\r\n' \
  'GET  / HTTP/1.1\r\nHost: x\r\n\r\n' 'GET / HTTP/1.1\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost : x\r\n\r\n' 'GET / HTTP/1.1\r\nHost\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n' \
  'GET / HTTP/1.1\nHost: x\r\n\r\n' 'GET / HTTP/1.1\r\nHost: a\nb: c\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n' 'GET /%%0 HTTP/1.1\r\nHost: x\r\n\r\n' \
  'GET /%%00 HTTP/1.1\r\nHost: x\r\n\r\n' 'GET /\377 HTTP/1.1\r\nHost: x\r\n\r\n' \
  'GET /%%zz HTTP/1.1\r\nHost: x\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhost: b\r\n\r\n' \
  'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: a b\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n' \
  'GET %%2fsub HTTP/1.1\r\nHost: x\r\n\r\n' \
  'GET /  HTTP/1.1\r\nHost: x\r\n\r\n' 'GET / RTSP/1.0\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: x\r\n\ty\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: x\r\nA: b\rc: d\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: x\r\nA: b\177\r\n\r\n'; do
  refused 400 "$request"
done

echo "serve: ambiguous requests"
one='GET / HTTP/1.1\r\nHost: x\r\n'
for fields in 'Content-Length: 1\r\nTransfer-Encoding: chunked' \
  'Transfer-Encoding: chunked\r\nContent-Length: 1' \
  'Content-Length: 0\r\nTransfer-Encoding: chunked' \
  'Content-Length: 0\r\nContent-Length: 0' \
  'Content-Length: 0\r\nContent-Length: 1' 'Content-Length: 0, 0' \
  'Content-Length: +0' 'Content-Length: 0x0' 'Content-Length: 0 0' \
  'Content-Length:' 'Content-Length: -1' \
  'Content-Length: 18446744073709551616' 'Content-Length : 0' \
  'Transfer-Encoding : chunked' \
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked' \
  'Transfer-Encoding: chunked\t\r\nTransfer-Encoding: chunked' \
  'Transfer-Encoding: chunked\t' 'Transfer-Encoding:\013chunked' \
  'A: b\nContent-Length: 1'; do
  refused 400 "$one$fields\r\n\r\n0\r\n\r\n"
  [ "$(grep -c '^HTTP/' out)" -eq 1 ] || fail "the bytes after $fields are answered"
done
refused 400 'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
for coding in gzip 'gzip, chunked' 'chunked, identity' xchunked identity; do
  ask "${one}Transfer-Encoding: $coding\r\n\r\n0\r\n\r\n"
  head -n 1 out | grep -Eq '^HTTP/1.1 (400|501) ' || fail "coding $coding"
  [ "$(grep -c '^HTTP/' out)" -eq 1 ] || fail "the bytes after $coding are answered"
done
refused 501 "${one}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"

echo "serve: unsupported requests"
refused 501 'MAKE / HTTP/1.1\r\nHost: x\r\n\r\n'
refused 501 'get / HTTP/1.1\r\nHost: x\r\n\r\n'
refused 405 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx'
grep -q '^Allow: GET, HEAD' out || fail "Allow"
refused 405 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx'
refused 413 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx'
refused 413 'GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
refused 414 "GET /$long HTTP/1.1\r\nHost: x\r\n\r\n"
refused 431 "GET / HTTP/1.1\r\nX: $long$long$long$long$long\r\n\r\n"
many=$(printf 'A: b\\r\\n%.0s' $(seq 99))
refused 200 "GET / HTTP/1.0\r\n$many\r\n"
refused 431 "GET / HTTP/1.0\r\n${many}A: b\r\nA: b\r\n\r\n"
refused 505 'PRI * HTTP/2.0\r\nHost: x\r\n\r\nSM\r\n\r\n'
refused 505 'GET / HTTP/2.0\r\nHost: x\r\n\r\n'
refused 200 'GET / HTTP/1.0\r\n\r\n'
refused 200 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, Close\r\n\r\n'
refused 200 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n'
ask 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'
grep -qi '^connection: keep-alive' out || fail "closes"

echo "serve: a range of a file"
# range STATUS RANGE LENGTH: asserts the answer to a request for a range.
range() {
  ask "GET /lines.txt HTTP/1.1\r\nHost: x\r\nRange: $2\r\n\r\n"
  head -n 1 out | grep -q "^HTTP/1.1 $1 " || fail "not $1: $2"
  tr -d '\r' <out | grep -qx "Content-Length: $3" || fail "not $3 bytes: $2"
}
size=$(wc -c <www/lines.txt)
range 206 bytes=1-2 2
range 206 bytes=-3 3
range 206 bytes=1- $((size - 1))
range 206 bytes=-999999999999999999 "$size"
range 206 bytes=0-999999999999999999 "$size"
range 416 bytes=999999999999999999- 26
# A number that exceeds 64 bits is not a valid range, even if it is 2^64 + 1.
for much in 9999999999999999999 18446744073709551617 \
  "$(printf '%04000d' 0 | tr 0 9)"; do
  for odd in "$much-" "-$much" "0-$much"; do
    range 200 "bytes=$odd" "$size"
  done
done
for odd in 2-1 - x 1 1-2,4-5 0x1-2 +1-2; do
  range 200 "bytes=$odd" "$size"
done

echo "serve: pipelined requests"
one='GET /lines.txt HTTP/1.1\r\nHost: x\r\n\r\n'
head='\r\nHEAD /large.bin HTTP/1.1\r\nhOST:x\r\n\r\n'
ask "$one$one$head${one}GET /none HTTP/1.1\r\nHost: x\r\n\r\n$one"
[ "$(grep -c '^HTTP/1.1 200 ' out)" -eq 5 ] || fail "answers"
[ "$(grep -cx 1000 out)" -eq 4 ] || fail "bodies"
grep -q '^Content-Length: 8000000' out || fail "HEAD"

echo "serve: arguments"
interrupt TERM
for wrong in -tx -t0 -p1x -p65536 -a; do
  run 2 "$serve" "$wrong" www
  err 'serve: .*'
  err 'usage: serve .*'
done
run 1 "$serve" www/index.html
err "serve: 'www/index.html' is not a directory"
run 1 "$serve" absent
err "serve: realpath 'absent': no such file or directory"
start www
run 1 "$serve" -p "$port" www
err "serve: bind .*: address already in use"
interrupt INT

echo "serve: a request that arrives in two parts"
start www
one='GET /lines.txt HTTP/1.1\r\nHost: x\r\n\r\n' # 36 bytes
for i in $(seq 35); do
  {
    printf "$one" | head -c "$i"
    sleep 0.01
    printf "$one" | tail -c +$((i + 1))
  } | "$client" "$port" >out 2>err || fail "split after $i bytes"
  grep -qx 1000 out || fail "no answer to a request split after $i bytes"
done
interrupt TERM

echo "serve: idle and slow connections"
start -t 300 www
mkfifo hold
"$client" "$port" <hold >out 2>err &
asking=$!
exec 4>hold
printf 'GET / HTTP' >&4
wait $asking || fail "the slow one"
exec 4>&-
[ ! -s out ] || fail "an answer to half a request"
interrupt TERM

start www
"$client" "$port" <hold >out 2>err &
asking=$!
exec 4>hold
printf "$one" >&4
until_true grep -qx 1000 out
interrupt INT # while a connection waits
[ ! -s log ] || fail "the waiting client was disconnected"
wait $asking || fail "the waiting client"
exec 4>&-

echo "serve: the number of connections is limited"
# one_at_a_time: returns false if a client that sends at once exceeded the
# limit.
one_at_a_time() {
  start -t "$limit" -c 1 www
  "$client" "$port" <hold >first 2>err &
  asking=$!
  exec 4>hold
  ask "$one" # waits until the idle client was disconnected
  wait $asking || fail "the first"
  exec 4>&-
  interrupt TERM
  grep -qx 1000 out
}
with_limits 300 one_at_a_time

mkfifo deaf
dd if=/dev/null of=www/huge bs=1 seek=100000000 2>/dev/null

# Requests a huge file and receives no more of it than fits into a FIFO.
ask_much() {
  "$client" "$port" <hold >deaf &
  asking=$!
  pids="$pids $asking"
  exec 4>hold 5<>deaf
  printf 'GET /huge HTTP/1.1\r\nHost: x\r\n\r\n' >&4
  head -c 1 <&5 >/dev/null # the answer is in progress
}

echo "serve: SIGUSR1 prints the state"
start www
ask_much
kill -USR1 "$pid"
until_true grep -q "pending async 'a connection'" log
for what in 'promises, .* pending; ' 'requests, ' 'iterations, us: median '; do
  grep -q "^avow: [0-9]* $what" log || fail "no $what"
done
exec 4>&- 5>&-
wait $asking || :
ask "GET /lines.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
grep -qx 1000 out || fail "no answer"
interrupt TERM

echo "serve: slow clients are disconnected at the end"
start -g 100 www
ask_much
interrupt TERM
grep -qx 'serve: connections cut off: 1' log || fail "the disconnected client"
exec 4>&- 5>&-
wait $asking || : # its connection was closed

echo "serve: a second signal ends it at once"
start www
ask_much
kill -INT "$pid"
until_true sh -c "! (echo | \"$client\" $port) >/dev/null 2>&1" # no listener
kill -INT "$pid"
status=0
wait "$pid" || status=$?
[ "$status" -eq 130 ] || fail "status $status"
exec 4>&- 5>&-
echo "all passed"
