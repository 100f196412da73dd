#!/bin/sh
# Runs the example serve as a user would, with raw requests, with curl and, for
# load, with wrk; without these two, which CI has, some is skipped.
# test_serve.sh SERVE ECHO_CLIENT
. "$(dirname "$0")/example.sh"
serve=$(absolute "$1")
client=$(absolute "$2")
cd "$dir"

# start ARGUMENT...: sets $pid and $port.
start() {
  rm -f said
  mkfifo said
  "$serve" -p 0 "$@" >said 2>log &
  pid=$!
  pids="$pids $pid"
  read -r line <said
  port=${line##*:}
  port=${port%/}
}

# ask REQUEST, a format of printf: the answer goes to the file out.
ask() {
  printf "$1" | "$client" "$port" >out 2>err || fail "$1"
}

# refused STATUS REQUEST: the connection closes behind the answer.
refused() {
  ask "$2"
  head -n 1 out | grep -q "^HTTP/1.1 $1 " || fail "not $1: $2"
  grep -qi '^connection: close' out || fail "open behind $1: $2"
}

# status STATUS TARGET
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

echo "serve: what is there, what is elsewhere, and what is not there"
for target in / /lines.txt '/lines.txt?query' /sub/ /leads_in.txt /empty \
  '/a%%20b%%25c.txt' '/%%6cines.txt' http://x/lines.txt; do
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

echo "serve: requests that are not right"
for request in '\r\n\r\n' 'GET\r\n\r\n' 'GET /\r\n\r\n' \
  'GET  / HTTP/1.1\r\nHost: x\r\n\r\n' 'GET / HTTP/1.1\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost : x\r\n\r\n' 'GET / HTTP/1.1\r\nHost\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n' \
  'GET / HTTP/1.1\nHost: x\r\n\r\n' 'GET / HTTP/1.1\r\nHost: a\nb: c\r\n\r\n' \
  'GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n' 'GET /%%0 HTTP/1.1\r\nHost: x\r\n\r\n' \
  'GET /%%00 HTTP/1.1\r\nHost: x\r\n\r\n' 'GET /\377 HTTP/1.1\r\nHost: x\r\n\r\n' \
  'GET /%%zz HTTP/1.1\r\nHost: x\r\n\r\n'; do
  refused 400 "$request"
done
refused 405 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx'
grep -q '^Allow: GET, HEAD' out || fail "Allow"
refused 413 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx'
refused 413 'GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
refused 414 "GET /$long HTTP/1.1\r\nHost: x\r\n\r\n"
refused 431 "GET / HTTP/1.1\r\nX: $long$long$long$long$long\r\n\r\n"
refused 505 'GET / HTTP/2.0\r\nHost: x\r\n\r\n'
refused 200 'GET / HTTP/1.0\r\n\r\n'
refused 200 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, Close\r\n\r\n'
ask 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'
grep -qi '^connection: keep-alive' out || fail "closes"

echo "serve: requests one behind the other, before the answers"
one='GET /lines.txt HTTP/1.1\r\nHost: x\r\n\r\n'
head='\r\nHEAD /large.bin HTTP/1.1\r\nhOST:x\r\n\r\n'
ask "$one$one$head${one}GET /none HTTP/1.1\r\nHost: x\r\n\r\n$one"
[ "$(grep -c '^HTTP/1.1 200 ' out)" -eq 5 ] || fail "answers"
[ "$(grep -cx 1000 out)" -eq 4 ] || fail "bodies"
grep -q '^Content-Length: 8000000' out || fail "HEAD"

echo "serve: arguments"
interrupt TERM
run 2 "$serve"
err 'usage: serve .*'
run 2 "$serve" -t x www
run 1 "$serve" -p x www
run 2 "$serve" www www
run 1 "$serve" absent
err "serve: realpath 'absent': no such file or directory"
start www
run 1 "$serve" -p "$port" www
err "serve: bind .*: address already in use"
interrupt INT

echo "serve: a connection that asks for nothing, or too slowly"
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
interrupt INT # with a connection that waits
wait $asking || fail "the one that waits"
exec 4>&-

if ! command -v curl >/dev/null; then
  echo "missing: curl"
  exit "${CI:-77}"
fi

echo "serve: curl"
start www
url=http://127.0.0.1:$port
get() {
  curl -sS --noproxy '*' --max-time 20 "$@"
}
for file in lines.txt large.bin empty; do
  get "$url/$file" | cmp - www/$file
done
get "$url/a%20b%25c.txt" | cmp - 'www/a b%c.txt'
get -L "$url/sub" | cmp - www/sub/index.html
run 0 get -v -o a -o b "$url/lines.txt" "$url/large.bin"
grep -q 'Re-using existing' err || fail "a connection for each"
cmp a www/lines.txt
cmp b www/large.bin
run 0 get -I "$url/lines.txt"
grep -q '^Content-Length: 3893' out || fail "HEAD: length"
grep -q '^Content-Type: text/plain' out || fail "HEAD: type"
run 22 get -f "$url/none"
for range in 0-0 5-9 1000- -1000 7999999-7999999 4000000-5000000 0-99999999; do
  run 0 get -D head -r "$range" -o part "$url/large.bin"
  curl -sS -r "$range" -o expected "file://$dir/www/large.bin"
  cmp part expected || fail "range $range"
  grep -q '^HTTP/1.1 206 ' head || fail "status of range $range"
done
run 0 get -i -r 8000000- "$url/large.bin"
grep -q '^HTTP/1.1 416 ' out || fail "416"
grep -q '^Content-Range: bytes \*/8000000' out || fail "size"
run 0 get -i -r 5-4,7 "$url/lines.txt" # two, or none: all of it
grep -q '^HTTP/1.1 200 ' out || fail "a range that is none"

echo "serve: a signal lets answers end"
get --limit-rate 8M -o slow "$url/large.bin" 2>err &
asking=$!
until_true test -s slow
interrupt TERM
wait $asking || fail "the answer did not end"
cmp slow www/large.bin

if ! command -v wrk >/dev/null; then
  echo "missing: wrk"
  exit "${CI:-77}"
fi

# load FILE CONNECTIONS: no request may fail.
load() {
  run 0 wrk -t 1 -c "$2" -d 2s "http://127.0.0.1:$port/$1"
  ! grep -Eq 'Socket errors|Non-2xx' out || fail "load: $1"
  grep Requests/sec out
}

echo "serve: load"
start www
load lines.txt 32
load large.bin 4
interrupt INT
echo "all passed"
