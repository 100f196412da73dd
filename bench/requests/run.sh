#!/bin/sh
# SPDX-License-Identifier: MIT
# Requests per second over NATS: with avow-nats, and with the same number of
# threads that call libnats' own requests, one after another against the same
# server and answering process. It also measures jobs per second, which the
# server stores, and their results.
#
#   run.sh REQUESTS_NATS [--quick]
set -eu
bench=$1
quick=${2:-}
PATH=$PATH:/usr/sbin
command -v nats-server >/dev/null || {
  echo 'missing: nats-server'
  exit "${CI:-77}"
}
store=$(mktemp -d)
nats-server -a 127.0.0.1 -p -1 --ports_file_dir "$store" -js -sd "$store" \
  >/dev/null 2>&1 &
server=$!
answerer=
worker=
trap 'kill $worker $answerer "$server" 2>/dev/null || :
  wait; rm -rf "$store"' EXIT
url=
until [ -n "$url" ]; do # the server prints the port that it chose
  kill -0 "$server"
  sleep 0.01
  url=$(cat "$store"/*.ports 2>/dev/null |
    sed -n 's/.*"\(nats:[^"]*\)".*/\1/p')
done
"$bench" answer "$url" >/dev/null &
answerer=$!
"$bench" work "$url" &
worker=$!
until "$bench" avow "$url" 1 1 >/dev/null 2>&1; do # until a program answers
  kill -0 "$answerer"
  sleep 0.01
done

# Runs the benchmark and prints a line: NAME N AT_ONCE
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
