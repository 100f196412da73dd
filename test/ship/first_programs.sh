#!/bin/sh
# SPDX-License-Identifier: MIT
# Build the first programs of the start page and of the adapters' pages with the
# commands of these pages. Start each program, with the server that it needs.
# $PKG_CONFIG_PATH and $LD_RUN_PATH locate the installed avow.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/block.sh"
PATH=$PATH:/usr/sbin
work=$(mktemp -d)
servers=
trap 'kill $servers 2>/dev/null || :; rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "test/ship/first_programs.sh: $*" >&2
  cat ./*.log >&2
  exit 1
}

# serve PROGRAM ARGUMENT...: starts a server, which writes to server.log.
serve() {
  "$@" >server.log 2>&1 </dev/null &
  servers="$servers $!"
}

# wait_for PATTERN FILE: waits for a match, and sets $found to its \(\).
# shellcheck disable=SC2086 # a pattern
wait_for() {
  for _ in $(seq 3000); do # five minutes
    found=$(sed -n "s|.*$1.*|\1|p" $2 2>/dev/null | head -n 1)
    [ -z "$found" ] || return 0
    sleep 0.1
  done
  fail "no server prints $*"
}

# try PAGE WANTED ARGUMENT...: the program's output must begin with WANTED.
try() {
  page=$here/../../docs/$1.md
  wanted=$2
  shift 2
  block 'first program' "$page" >first.c
  sed -n 's/.*\(cc first\.c [^`]*\).*/\1/p' "$page" >line
  sh ./line 2>cc.log || fail "$page: $(cat line)"
  ./first "$@" >out 2>err || { cat out err; fail "$page: ./first $* fails"; }
  case $(cat out) in
  "$wanted"*) ;;
  *) cat out; fail "$page: ./first $* does not print $wanted" ;;
  esac
  rm first
}

try start hello

serve python3 -um http.server 0 --bind 127.0.0.1
wait_for '(\(http:[^)]*\))' server.log
try curl 200 "$found"

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out paper.pem \
  -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>req.log
serve openssl s_server -accept 127.0.0.1:0 -www -cert paper.pem \
  -key key.pem
wait_for 'ACCEPT 127.0.0.1:\([0-9]*\)' server.log
export SSL_CERT_FILE="$work/paper.pem"
try tls TLSv1.3 localhost "$found"

serve nats-server -a 127.0.0.1 -p -1 --ports_file_dir "$work"
wait_for '"\(nats:[^"]*\)"' './nats-server_*.ports'
try nats 'hello, world' "$found"
