#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example serve with HTTPS. The clients are curl, the program openssl
# and Node. With `none`, the example was built without TLS. test_serve_tls.sh
# SERVE [none]
. "$(dirname "$0")/example.sh"
serve=$(absolute "$1")
cd "$dir"
mkdir www
seq 1000 >www/lines.txt

if [ "${2:-}" = none ]; then
  echo "serve: without TLS it says so"
  run 1 "$serve" --tls a www
  grep -q 'libssl-dev' err || fail "no message about the missing argument"
  echo "all passed"
  exit
fi
for program in curl openssl; do
  command -v $program >/dev/null || {
    echo "missing: $program"
    exit "${CI:-77}"
  }
done

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

# make_papers NAME KEY_FILE CERTIFICATE_FILE: makes a certificate as the help
# text describes, with a key that is faster to make.
make_papers() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj "/CN=$1" -addext subjectAltName=DNS:localhost -keyout "$2" \
    -out "$3" 2>made || fail "openssl req: $(cat made)"
}

get() {
  curl -sS --noproxy '*' --max-time 600 --resolve "localhost:$port:127.0.0.1" \
    "$@"
}

# client ARGUMENT...: runs s_client. Its output and the answer go to the file
# out.
client() {
  printf 'GET /lines.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' |
    openssl s_client -connect "127.0.0.1:$port" -servername localhost \
      -CAfile "$papers" -verify_return_error -verify_hostname localhost \
      -ign_eof "$@" >out 2>err || fail "s_client $*: $(cat err)"
}

echo "serve: how to make a certificate"
run 0 "$serve" --help
sed -n '/^  openssl req/,/both$/p' out >how
grep -q openssl how || fail "the help does not describe it"
sh ./how 2>err || fail "the help is wrong: $(cat err)"
start --tls both www
papers=both
get --cacert both "https://localhost:$port/lines.txt" | cmp - www/lines.txt
interrupt INT

dd if=/dev/urandom of=www/large.bin bs=1000 count=8000 2>/dev/null
make_papers first key certificate
cp certificate authorities
papers=authorities
start --tls certificate --key key www
url=https://localhost:$port

echo "serve: curl by HTTPS"
for file in lines.txt large.bin; do
  for version in 1.2 1.3; do
    get --cacert $papers --tlsv$version --tls-max $version "$url/$file" |
      cmp - www/$file
  done
done
run 0 get -v --cacert $papers -o a -o b "$url/lines.txt" "$url/large.bin"
grep -q 'Re-\{0,1\}using existing' err || fail "a connection for each"
grep -q 'ALPN.*http/1.1' err || fail "no ALPN"
cmp a www/lines.txt
cmp b www/large.bin
run 0 get --cacert $papers -r 4000000-5000000 -o part "$url/large.bin"
curl -sS -r 4000000-5000000 -o expected "file://$dir/www/large.bin"
cmp part expected || fail "a range"
run 22 get -f --cacert $papers "$url/none"
run 60 get "$url/lines.txt" # an unknown authority
! get "http://127.0.0.1:$port/lines.txt" >out 2>err || fail "a request without TLS was answered"
get --cacert $papers --parallel --parallel-max 16 -o 'got#1' \
  -w '%{http_code}\n' "$url/lines.txt?[1-300]" >out 2>err || fail "load"
[ "$(grep -cx 200 out)" = 300 ] || fail "load: answers"

echo "serve: openssl s_client resumes a session"
for version in -tls1_2 -tls1_3; do
  client $version -sess_out session
  grep -q '^1000' out || fail "$version: not all of the file"
  grep -q '^New, ' out || fail "$version: it resumes nothing yet"
  client $version -sess_in session
  grep -q '^1000' out || fail "$version: not all of the file, resumed"
  grep -q '^Reused, ' out || fail "$version: it does not resume"
done

if command -v node >/dev/null; then
  echo "serve: Node"
  cat >ask.js <<'END'
const https = require('node:https');
const ca = require('node:fs').readFileSync('authorities');
// Where /etc/hosts does not name it, too.
const lookup = (name, options, done) => options.all
  ? done(null, [{ address: '127.0.0.1', family: 4 }])
  : done(null, '127.0.0.1', 4);
const agent = new https.Agent({ ca, lookup, keepAlive: true });
let left = 3;
function ask() {
  https.get(process.argv[2], { agent }, (answer) => {
    let len = 0;
    answer.on('data', (data) => { len += data.length; });
    answer.on('end', () => {
      console.log(answer.statusCode, len);
      if (--left > 0) setImmediate(ask);
      else agent.destroy();
    });
  });
}
ask();
END
  run 0 node ask.js "https://localhost:$port/large.bin"
  [ "$(grep -cx '200 8000000' out)" = 3 ] || fail "Node: $(cat out err)"
else
  [ -z "${CI:-}" ] || fail "missing: node"
fi

echo "serve: a new certificate during a connection"
get --cacert $papers --limit-rate 24M -o slow "$url/large.bin" 2>err &
asking=$!
until_true test -s slow
make_papers second key2 certificate2
mv key2 key
mv certificate2 certificate
cat certificate >>authorities
kill -HUP "$pid"
seen() {
  client
  grep -q 'CN = second\|CN=second' out
}
until_true seen
wait $asking || fail "a connected client was disconnected"
cmp slow www/large.bin
client -tls1_2 -sess_in session
grep -q '^Reused, ' out || client -tls1_3 -sess_in session
grep -q '^Reused, ' out || fail "sessions end with the certificate"
echo rubbish >certificate
kill -HUP "$pid"
until_true grep -q 'certificate: ' log
client
get --cacert $papers "$url/lines.txt" | cmp - www/lines.txt

echo "serve: a client without a handshake, and an orderly end"
echo nonsense | curl -sS --max-time 600 "telnet://127.0.0.1:$port" >out 2>err ||
  [ $? -ne 28 ] || fail "invalid input is not refused"
get --cacert $papers --limit-rate 24M -o slow2 "$url/large.bin" 2>err &
asking=$!
until_true test -s slow2
interrupt TERM
wait $asking || fail "the answer did not end"
cmp slow2 www/large.bin

echo "serve: an invalid certificate"
run 1 "$serve" --tls certificate --key key www
grep -q 'certificate: ' err || fail "no message about the error"
run 1 "$serve" --tls missing www
echo "all passed"
