#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example limiter as a user would. test_limiter.sh LIMITER
. "$(dirname "$0")/example.sh"
limiter=$(absolute "$1")
cd "$dir"

# rows N REGEX: asserts that N lines match.
rows() {
  [ "$(grep -Ecx "$2" out)" -eq "$1" ] || fail "not $1 rows: $2"
}

echo "limiter: an outcome for each, four at a time"
run 0 "$limiter"
rows 12 '127\.0\.0\.1:[0-9]+ +[^ ].*'
rows 6 '127\.0\.0\.1:[0-9]+ +connected'
rows 6 '127\.0\.0\.1:[0-9]+ +connection refused'
out 'at most 4 at a time'
[ "$(cut -d ' ' -f 1 out | sort -u | grep -c :)" -eq 2 ] || fail "not two ends"
echo "all passed"
