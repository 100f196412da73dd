#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example serve with curl: single requests and many simultaneous ones.
# test_serve_curl.sh SERVE
. "$(dirname "$0")/example.sh"
serve=$(absolute "$1")
cd "$dir"
if ! command -v curl >/dev/null; then
  echo "missing: curl"
  exit "${CI:-77}"
fi

# start ARGUMENT...: sets $pid and $port.
start() {
  rm -f said
  mkfifo said
  "$serve" -p 0 --timeout "$never" --grace "$never" "$@" >said 2>log &
  pid=$!
  pids="$pids $pid"
  read -r line <said
  port=${line##*:}
  port=${port%/}
}

mkdir -p www/sub
echo '<p>sub</p>' >www/sub/index.html
seq 1000 >www/lines.txt
echo spaces >'www/a b%c.txt'
: >www/empty
dd if=/dev/urandom of=www/large.bin bs=1000 count=8000 2>/dev/null

echo "serve: curl"
start www
url=http://127.0.0.1:$port
get() {
  curl -sS --noproxy '*' --max-time 600 "$@"
}
for file in lines.txt large.bin empty; do
  get "$url/$file" | cmp - www/$file
done
get "$url/a%20b%25c.txt" | cmp - 'www/a b%c.txt'
get -L "$url/sub" | cmp - www/sub/index.html
run 0 get -v -o a -o b "$url/lines.txt" "$url/large.bin"
grep -q 'Re-\{0,1\}using existing' err || fail "a connection for each"
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
run 0 get -i -r 5-4,7 "$url/lines.txt" # invalid: the whole file
grep -q '^HTTP/1.1 200 ' out || fail "a range that is none"

echo "serve: after a signal answers complete"
get --limit-rate 8M -o slow "$url/large.bin" 2>err &
asking=$!
until_true test -s slow
interrupt TERM
wait $asking || fail "the answer did not end"
cmp slow www/large.bin

# load TIMES CONNECTIONS FILE: each request must receive the whole file.
load() {
  get --parallel --parallel-max "$2" -o 'got#1' -w '%{http_code} %{size_download}\n' \
    "$url/$3?[1-$1]" >out 2>err || fail "load: $3"
  [ "$(grep -cx "200 $(wc -c <"www/$3" | tr -d ' ')" out)" -eq "$1" ] ||
    fail "load: answers for $3"
  cmp "got$1" "www/$3"
}

echo "serve: load"
start www
url=http://127.0.0.1:$port
load 2000 32 lines.txt
load 20 4 large.bin
interrupt INT
echo "all passed"
