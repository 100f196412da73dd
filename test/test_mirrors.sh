#!/bin/sh
# Runs the example mirrors as a user would. test_mirrors.sh MIRRORS ANSWER_SERVER
. "$(dirname "$0")/example.sh"
mirrors=$(absolute "$1")
server=$(absolute "$2")
cd "$dir"

echo "mirrors: the first to have it, and the rest cancelled"
run 0 "$mirrors" file
out 'quick   fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
out 'slow    cancelled +[0-9]+\.[0-9]  not wanted any more'
out 'silent  cancelled +[0-9]+\.[0-9]  not wanted any more'
out 'nobody  rejected  +[0-9]+\.[0-9]  connect .*: connection refused'
out 'file: 21 bytes'
[ "$(cat file)" = 'Hello from loopback.' ] || fail "contents"
[ ! -s err ] || fail "errors"

echo "mirrors: those that fail do not matter"
serve 'HTTP/1.1 404 Not Found\r\n\r\nno'
missing=$port
serve 'hello'
strange=$port
serve 'HTTP/1.1 200 OK\r\n\r\nwanted'
run 0 "$mirrors" file "127.0.0.1:$missing" "127.0.0.1:$strange/x" \
  "127.0.0.1:$port/x"
out "127.0.0.1:$port/x +fulfilled .* HTTP 200, 6 bytes"
[ "$(cat file)" = 'wanted' ] || fail "contents"

echo "mirrors: unless all do, and then the file stays"
run 1 "$mirrors" file "127.0.0.1:$missing" "127.0.0.1:$strange/x"
err 'mirrors: every promise was rejected'
err "  127.0.0.1:$missing: HTTP status 404"
err "  127.0.0.1:$strange/x: not HTTP: the answer has no status line"
[ "$(cat file)" = 'wanted' ] || fail "the file is not what it was"
run 1 "$mirrors" absent/file "127.0.0.1:$port"
err "mirrors: .*'absent/file.*': no such file or directory"
[ "$(ls | grep -c file)" -eq 1 ] || fail "something is left"

echo "mirrors: arguments"
for wrong in '' 'file host' 'file host:0' "file $(seq -f 'h:%g' 65)"; do
  run 2 "$mirrors" $wrong
  err 'usage: mirrors .*'
done
echo "all passed"
