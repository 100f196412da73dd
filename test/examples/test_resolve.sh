#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example resolve as a user would, with names that need no server.
# test_resolve.sh RESOLVE
. "$(dirname "$0")/example.sh"
resolve=$(absolute "$1")
cd "$dir"

name_host
echo "resolve: rows are ordered and aligned"
run 1 "$resolve" 127.0.0.1 a..b ::1 "$host"
out 'name             ms  addresses'
out '127\.0\.0\.1  +[0-9]+\.[0-9]  127\.0\.0\.1'
out "a\.\.b       +[0-9]+\.[0-9]  getaddrinfo 'a\.\.b': .*"
out '::1        +[0-9]+\.[0-9]  ::1'
out "$host  +[0-9]+\.[0-9]  .*(127\.0\.0\.1|::1).*"
cut -c 1-4 out | tr '\n' ' ' >column
[ "$(cat column)" = "name 127. a..b ::1  $(echo $host | cut -c 1-4) " ] ||
  fail "$(cat column)"
run 0 "$resolve" 127.0.0.1 ::1

echo "resolve: with --first the first result ends it"
run 0 "$resolve" --first a..b 127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4
grep -Eq '^127\.0\.0\.. +[0-9]+\.[0-9]  127' out || fail "no answer arrived"
grep -Evq '^(name|(a\.\.b|127\.0\.0\..) +([0-9]+\.[0-9]  .*|canceled)$)' out &&
  fail "neither answered nor canceled"
run 1 "$resolve" --first a..b c..d
out "c\.\.d .* getaddrinfo 'c\.\.d': .*"

echo "resolve: invalid names"
run 1 "$resolve" -- --first "$(printf 'a\033[2J\nb')"
out "--first +.*"
out "a\\\\x1b\[2J\\\\nb +[0-9]+\.[0-9]  getaddrinfo .*"
echo "all passed"
