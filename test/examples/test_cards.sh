#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example cards as a user would. test_cards.sh CARDS ANSWER_SERVER
. "$(dirname "$0")/example.sh"
cards=$(absolute "$1")
server=$(absolute "$2")
cd "$dir"

# patiently OPTION...: runs it without a time limit that expires.
patiently() {
  "$cards" --timeout "$never" "$@"
}

echo "cards: a failed card does not affect others and is retried"
# Only the silent server is slower than the limit.
demo() {
  run 1 "$cards" --timeout "$limit" --retries 2
  [ "$(grep -c '  timed out' out)" = "$(grep -c '^silent .*timed out' out)" ]
}
with_limits 800 demo
sed '/Trying the others again/q' out >first
sed '1,/Trying the others again/d' out >second
mv first out
out 'quick   fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
out 'secure  fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
out 'slow    fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
out 'forged  rejected  +[0-9]+\.[0-9]  .*certificate.*self.signed.*'
out 'reset   rejected  +[0-9]+\.[0-9]  .*onnection reset by peer'
out 'silent  rejected  +[0-9]+\.[0-9]  timed out'
out 'nobody  rejected  +[0-9]+\.[0-9]  connection refused'
out 'flaky   rejected  +[0-9]+\.[0-9]  .*onnection reset by peer'
out '3 of 8 loaded\. Trying the others again\.'
mv second out
! grep -q '^forged.*attempts' out || fail 'whom nobody believes is asked again'
out 'quick   fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
out 'secure  fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
out 'slow    fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
out 'flaky   fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes \(3 attempts\)'
out 'forged  rejected  +[0-9]+\.[0-9]  .*certificate.*self.signed.*'
out 'nobody  rejected  +[0-9]+\.[0-9]  connection refused \(3 attempts\)'
out 'reset   rejected  .*onnection reset by peer \(3 attempts\)'
out 'silent  rejected  .*timed out \(3 attempts\)'
out '4 of 8 loaded\.'
[ ! -s err ] || fail "progress without a terminal"

echo "cards: a permanent failure is not retried"
serve 'HTTP/1.1 404 Not Found\r\n\r\nno'
missing=$port
serve 'HTTP/1.1 503 Busy\r\n\r\nno'
busy=$port
serve 'HTTP/1.1 200 OK\r\n\r\nhello'
run 1 patiently --retries 1 "127.0.0.1:$missing" "127.0.0.1:$busy" \
  "127.0.0.1:$port"
[ "$(grep -c "^127.0.0.1:$missing .*HTTP status 404\$" out)" -eq 2 ] ||
  fail "the request was repeated"
out "127.0.0.1:$busy .*HTTP status 503 \\(2 attempts\\)"
run 1 patiently --retries 0 "127.0.0.1:$busy" "127.0.0.1:$port"
out '1 of 2 loaded\.'
[ "$(grep -c '^target' out)" -eq 1 ] || fail "a second round"
run 0 patiently "127.0.0.1:$port"
out '1 of 1 loaded\.'

echo "cards: on a terminal rows are updated in place"
if has_terminal; then
  on_terminal 80 "'$cards' --timeout $never --retries 1 127.0.0.1:$busy \
    127.0.0.1:$port"
  grep -q "$(printf '\033\[3A')" shown || fail "no way back up"
  grep -q '1 of 2 loaded' out || fail "on a terminal"
fi
echo "all passed"
