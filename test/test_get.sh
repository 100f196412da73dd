#!/bin/sh
# Runs the example get as a user would. test_get.sh GET ANSWER_SERVER
. "$(dirname "$0")/example.sh"
get=$(absolute "$1")
server=$(absolute "$2")
cd "$dir"

serve 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
good=$port

echo "get: a row for each URL, in order"
run 1 "$get" "http://127.0.0.1:$good/" http://127.0.0.1:1/ nothing://at.all
out 'URL  +ms  answer or reason'
out "http://127\.0\.0\.1:$good/  +[0-9]+\.[0-9]  HTTP 200, 5 bytes"
out 'http://127\.0\.0\.1:1/  +[0-9]+\.[0-9]  .*connect.*'
out 'nothing://at\.all  +[0-9]+\.[0-9]  .*nothing.*'
run 0 "$get" "http://127.0.0.1:$good/" "http://127.0.0.1:$good/x"
echo "all passed"
