#!/bin/sh
# SPDX-License-Identifier: MIT
# test_fanout.sh FANOUT ANSWER_SERVER
. "$(dirname "$0")/example.sh"

fanout=$(absolute "$1")
server=$(absolute "$2")
site=$(absolute "$(dirname "$0")/site.py")
cd "$dir"

# patiently OPTION...: runs it without a time limit that expires.
patiently() {
  "$fanout" --timeout "$never" "$@"
}

echo "fanout: the demo shows every outcome"
# Only the silent server is slower than the limit.
demo() {
  run 0 "$fanout" --timeout "$limit"
  [ "$(grep -c '  timed out$' out)" = 1 ]
}
with_limits 1000 demo
out 'target  outcome +ms  answer or reason'
out 'quick   fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
out 'secure  fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
out 'slow    fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
out 'forged  rejected  +[0-9]+\.[0-9]  .*certificate.*self.signed.*'
out 'reset   rejected  +[0-9]+\.[0-9]  .*onnection reset by peer'
out 'silent  rejected  +[0-9]+\.[0-9]  timed out'
out 'It took [0-9.]+ ms; the parts add up to [0-9.]+ ms\.'
out 'nobody  rejected  +[0-9]+\.[0-9]  connection refused'
out 'all-settled was fulfilled with 7 outcomes: 3 fulfilled, 4 rejected'
[ ! -s err ] || fail "progress without a terminal"

echo "fanout: rows are ordered and aligned"
sed -n '/^target/,/^$/p' out | cut -c 1-6 | tr -d '\n' >column
[ "$(cat column)" = "targetquick secureslow  forgedreset silentnobody" ] ||
  fail "order: $(cat column)"
sed -n '/^quick/,/^$/p' out | cut -c 20-27 | grep -q '[^0-9. ]' &&
  fail "milliseconds are not aligned"

echo "fanout: sends all requests at once"
mkfifo port
"$site" requests >port &
pids="$pids $!"
read_port
run 0 patiently --mode all "127.0.0.1:$port/left" \
  "127.0.0.1:$port/right" # which wait for each other

echo "fanout: progress is shown if it fits in a line"
if has_terminal; then
  on_terminal 13 "'$fanout' --timeout $never --mode any"
  grep -q '7 done' shown || fail "no progress"
  on_terminal 12 "'$fanout' --timeout $never --mode any"
  ! grep -q 'done' shown || fail "progress that does not fit"
fi

echo "fanout: --mode"
run 1 patiently --mode all
out 'secure  canceled .*'
out 'all was rejected with (nobody|forged|reset): .*'
out 'slow    canceled .*'
out 'silent  canceled .*'
run 1 patiently --mode race
out 'race was rejected with (nobody|forged|reset): .*'
out 'quick   canceled .*'
run 0 patiently --mode any
out 'any was fulfilled with (quick|secure|slow): HTTP 200, 21 bytes'
out 'silent  canceled .*'
run 0 "$fanout" --mode all-settled --timeout 150
out 'slow    rejected +[0-9]+\.[0-9]  timed out'

echo "fanout: answers"
serve 'HTTP/1.1 200 OK\r\nServer: x\r\n\r\nhello'
good=$port
serve 'HTTP/1.1 404 Not Found\r\n\r\nno'
missing=$port
serve 'HTTP/1.0 200 OK\r\nServer'
cut=$port
serve 'hello'
strange=$port
name_host
for mode in all all-settled race any; do
  run 0 patiently --mode $mode "127.0.0.1:$good/a?b=c" "http://$host:$good"
  out "127.0.0.1:$good/a\\?b=c .*"
done
run 0 patiently "127.0.0.1:$good" "127.0.0.1:$missing" "127.0.0.1:$cut" \
  "127.0.0.1:$strange"
out "127.0.0.1:$good +fulfilled .* HTTP 200, 5 bytes"
out "127.0.0.1:$missing +rejected .* HTTP status 404"
out "127.0.0.1:$cut +rejected .*"
out "127.0.0.1:$strange +rejected .* Received HTTP/0\\.9 when not allowed"
run 1 patiently --mode any "127.0.0.1:$missing" "127.0.0.1:$strange"
out 'any was rejected with all reasons:'
out "  127.0.0.1:$missing: HTTP status 404"
out "  127.0.0.1:$strange: Received HTTP/0\\.9 .*"
run 1 patiently --mode race --retries 2 "127.0.0.1:$missing"
out "127.0.0.1:$missing +rejected .* HTTP status 404 \\(3 attempts\\)"
serve 'HTTP/1.1 200 OK\r\n\r\nsix' 6
if [ -n "$port" ]; then
  run 0 patiently --mode all "[::1]:$port/x"
  out "\\[::1\\]:$port/x +fulfilled .* HTTP 200, 3 bytes"
else
  echo "skipped: no IPv6 here"
fi

serve 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello'
cut=$port
serve 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\nhello'
good=$port
serve 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'
chunked=$port
serve "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:$good\r\nContent-Length: 0\r\n\r\n"
moved=$port
serve 'HTTP/1.1 302 Found\r\nContent-Length: 5\r\n\r\nhello'
run 0 patiently "127.0.0.1:$cut" "127.0.0.1:$good" "127.0.0.1:$chunked" \
  "127.0.0.1:$moved" "127.0.0.1:$port"
out "127.0.0.1:$cut +rejected .* 1 bytes .*"
out "127.0.0.1:$good +fulfilled .* HTTP 200, 5 bytes"
out "127.0.0.1:$chunked +fulfilled .* HTTP 200, 2 bytes"
out "127.0.0.1:$moved +fulfilled .* HTTP 200, 5 bytes"
out "127.0.0.1:$port +rejected .* HTTP status 302"

echo "fanout: arguments"
name=$(basename "$fanout")
for wrong in http:// host:65536 host:x :80 ::1:80 'host:80/a b' ftp://host/ \
  nothing://at.all --mode=some --retries=1001; do
  run 2 "$fanout" "$wrong"
  err "$name: '.*': .*"
  err "usage: $name .*"
  [ ! -s out ] || fail "output despite an invalid argument"
done
echo "all passed"
