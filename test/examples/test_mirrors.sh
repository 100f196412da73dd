#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example mirrors as a user would. test_mirrors.sh MIRRORS ANSWER_SERVER
. "$(dirname "$0")/example.sh"
mirrors=$(absolute "$1")
server=$(absolute "$2")
cd "$dir"

echo "mirrors: the first response wins, and others are canceled"
run 0 "$mirrors"
# The machine decides which of the three is the first, and which ones have
# failed by then.
out '(quick|secure|slow) +fulfilled +[0-9]+\.[0-9]  HTTP 200, 21 bytes'
unwanted='canceled +[0-9]+\.[0-9]  not wanted any more'
out "silent  ($unwanted|rejected .*timed out)" # after 10 s
out "slow    ($unwanted|fulfilled .*)"
out "forged  ($unwanted|rejected .*certificate.*self.signed.*)"
out "nobody  ($unwanted|rejected +[0-9]+\\.[0-9]  connection refused)"
out '21 bytes, which are not kept'
[ ! -s err ] || fail "errors"

# whole STATUS BODY: starts a mirror that announces the length of its body.
whole() {
  serve "HTTP/1.1 $1\r\nContent-Length: ${#2}\r\n\r\n$2"
}

echo "mirrors: failed mirrors do not matter"
whole '404 Not Found' no
missing=$port
serve 'hello'
strange=$port
whole '200 OK' wanted
run 0 "$mirrors" file "127.0.0.1:$missing" "127.0.0.1:$strange/x" \
  "127.0.0.1:$port/x"
out "127.0.0.1:$port/x +fulfilled .* HTTP 200, 6 bytes"
out 'file: 6 bytes'
[ "$(cat file)" = 'wanted' ] || fail "contents"

echo "mirrors: if all fail, the file is unchanged"
run 1 "$mirrors" file "127.0.0.1:$missing" "127.0.0.1:$strange/x"
err 'mirrors: all promises rejected'
err "  127.0.0.1:$missing: HTTP status 404"
err "  127.0.0.1:$strange/x: Received HTTP/0\.9 when not allowed"
[ "$(cat file)" = 'wanted' ] || fail "the file has changed"
run 1 "$mirrors" absent/file "127.0.0.1:$port"
err "mirrors: .*'absent/file.*': no such file or directory"

# refused ANSWER REASON: asserts that the file remains.
refused() {
  serve "$1"
  run 1 "$mirrors" file "127.0.0.1:$port"
  err "  127.0.0.1:$port: $2"
  [ "$(cat file)" = 'wanted' ] || fail "replaced by: $(cat file)"
}

echo "mirrors: responses without the whole file are refused"
refused 'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nonly this' \
  '.* 999991 bytes .*'
refused 'HTTP/1.1 200 OK\r\n\r\nhello' 'it does not say how long the file is'
refused 'HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nno' \
  'HTTP status 302'
refused 'HTTP/1.1 204 No Content\r\n\r\n' 'HTTP status 204'
refused 'HTTP/1.1 206 Partial\r\nContent-Length: 2\r\n\r\nno' 'HTTP status 206'
refused 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n' '.*'

echo "mirrors: a chunked file is complete with its last chunk"
serve 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nwanted\r\n0\r\n\r\n'
run 0 "$mirrors" file "127.0.0.1:$port"
out 'file: 6 bytes'

echo "mirrors: only files are replaced"
whole '200 OK' new
for wrong in file --bogus '/dev/null 127.0.0.1:1' '. 127.0.0.1:1' \
  'file host:x' 'file ftp://host/' "file $(seq -f 'h:%g' 65)"; do
  run 2 "$mirrors" $wrong
  err 'usage: mirrors .*'
done
[ "$(cat file)" = 'wanted' ] || fail "the file has changed"
[ -c /dev/null ] || fail "/dev/null was replaced"
run 0 "$mirrors" --help
[ "$(echo *file*)" = file ] || fail "files are left: $(ls)"

echo "all passed"
