#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example crawl, or its counterpart for Node, on a site of its own.
# test_crawl.sh CRAWL SITE
. "$(dirname "$0")/example.sh"

crawl=$(absolute "$1")
site=$(absolute "$2")
cd "$dir"
mkfifo port
"$site" requests >port &
pids="$pids $!"
read_port
at=http://127.0.0.1:$port

echo "crawl: visits each page once, two at a time"
run 1 "$crawl" --jobs 2 --wait "$never" "$at/"
sort out >sorted
sort >expected <<EOF
200 /
200 /a.html
200 /dir/b.html
200 /dir/c.html
200 /flaky
200 /left
200 /right
404 /gone
8 visited, 1 failed
EOF
cmp sorted expected || fail "the visited pages"
[ ! -s err ] || fail "errors"
[ "$(grep -c '^/flaky ' requests)" -eq 2 ] || fail "/flaky is tried again"
[ "$(wc -l <requests)" -eq 9 ] || fail "requests: $(cat requests)"
[ "$(cut -d ' ' -f 2 requests | sort -n | tail -n 1)" -eq 2 ] ||
  fail "at a time: $(cat requests)"

echo "crawl: starts at the given page"
run 0 "$crawl" --wait "$never" "$at/dir/b.html"
grep -qx '200 /dir/c.html' out || fail "relative links"

echo "crawl: gives up after its attempts"
run 1 "$crawl" --tries 2 --wait "$never" "$at/broken"
out '000 /broken: status 503'
out '1 visited, 1 failed'
[ "$(grep -c '^/broken ' requests)" -eq 2 ] || fail "/broken: $(cat requests)"
run 1 "$crawl" --tries 2 --wait 1000 "$at/silent"
out '000 /silent: timed out'
[ "$(grep -c '^/silent ' requests)" -eq 2 ] || fail "/silent: $(cat requests)"
run 1 "$crawl" --tries 1 http://127.0.0.1:1/
out '000 /: .+'
echo "all passed"
