#!/bin/sh
# Runs the example cards as a user would. test_cards.sh CARDS ANSWER_SERVER
. "$(dirname "$0")/example.sh"
cards=$(absolute "$1")
server=$(absolute "$2")
cd "$dir"

echo "cards: what fails leaves the others alone"
run 1 "$cards" --timeout 3000 --retries 0
out 'quick   fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
out 'slow    fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
out 'reset   rejected  +[0-9]+\.[0-9]  .*connection reset by peer'
out 'silent  rejected  +[0-9]+\.[0-9]  timed out'
out 'nobody  rejected  +[0-9]+\.[0-9]  connect .*: connection refused'
out 'flaky   rejected  +[0-9]+\.[0-9]  .*connection reset by peer'
out '2 of 6 loaded\.'
[ "$(grep -c '^target' out)" -eq 1 ] || fail "a second round"
[ ! -s err ] || fail "a line of progress where there is no terminal"

echo "cards: what failed is tried again"
run 1 "$cards" --timeout 3000 --retries 2
out '2 of 6 loaded\. Trying the others again\.'
out 'flaky   rejected  .*connection reset by peer'
out 'flaky   fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes \(3 attempts\)'
out 'reset   rejected  .*connection reset by peer \(3 attempts\)'
out 'silent  rejected  .*timed out \(3 attempts\)'
[ "$(grep -c 'quick   fulfilled .* 21 bytes$' out)" -eq 2 ] || fail "quick"
out '3 of 6 loaded\.'

echo "cards: an answer that stays the same is not asked for again"
serve 'HTTP/1.1 404 Not Found\r\n\r\nno'
missing=$port
serve 'HTTP/1.1 503 Busy\r\n\r\nno'
busy=$port
serve 'HTTP/1.1 200 OK\r\n\r\nhello'
run 1 "$cards" --retries 1 "127.0.0.1:$missing" "127.0.0.1:$busy" \
  "127.0.0.1:$port"
[ "$(grep -c "^127.0.0.1:$missing .*HTTP status 404\$" out)" -eq 2 ] ||
  fail "asked again"
out "127.0.0.1:$busy .*HTTP status 503 \\(2 attempts\\)"
run 0 "$cards" "127.0.0.1:$port"
out '1 of 1 loaded\.'

echo "cards: on a terminal the rows change where they are"
if command -v script >/dev/null; then
  script -qec "$cards --timeout 3000 --retries 2" /dev/null >out 2>err \
    </dev/null || :
  grep -q "$(printf '\033\\[7A')" out || fail "no way back up"
  grep -q '3 of 6 loaded' out || fail "on a terminal"
else
  echo "missing: script"
fi

echo "cards: arguments"
for wrong in --timeout=0 --timeout=x --retries=-1 --retries=21 --retries= \
  --bogus host host:0; do
  run 2 "$cards" "$wrong"
  err 'usage: cards .*'
done
run 0 "$cards" --help
out 'usage: cards .*'
echo "all passed"
