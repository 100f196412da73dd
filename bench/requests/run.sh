#!/bin/sh
# SPDX-License-Identifier: MIT
# Requests a second by NATS: by avow-nats, and by as many threads of libnats'
# own requests, one after the other against the same server and answerer. And
# jobs a second, which the server stores, and their outcomes.
#
#   run.sh REQUESTS_NATS [--quick]
set -eu
bench=$1
quick=${2:-}
port=$((20000 + $$ % 20000))
url=nats://127.0.0.1:$port
PATH=$PATH:/usr/sbin
command -v nats-server >/dev/null || {
  echo 'missing: nats-server'
  exit "${CI:-77}"
}
store=$(mktemp -d)
nats-server -a 127.0.0.1 -p "$port" -js -sd "$store" >/dev/null 2>&1 &
server=$!
answerer=
worker=
trap 'kill $worker $answerer "$server" 2>/dev/null || :
  wait; rm -rf "$store"' EXIT
sleep 1
"$bench" answer "$url" >/dev/null &
answerer=$!
"$bench" work "$url" &
worker=$!
sleep 1

# WHO N AT_ONCE...
ask() {
  [ -z "$quick" ] || set -- "$1" $(($2 / 100)) "$3"
  printf '%-8s %5d at a time: %s/s\n' "$1" "$3" "$("$bench" "$1" "$url" "$2" "$3")"
}

for round in 1 2 3; do
  for at_once in 1 32; do
    ask libnats $((3200 * at_once / (at_once > 1 ? 4 : 1))) "$at_once"
    ask avow $((3200 * at_once / (at_once > 1 ? 4 : 1))) "$at_once"
  done
  ask avow 100000 1000
  for at_once in 1 32 1000; do
    ask jobs $((200 * at_once > 20000 ? 20000 : 200 * at_once)) "$at_once"
  done
  [ -z "$quick" ] || break
done
