#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that each function and each test that SECURITY.md names exists.
set -eu
cd "$(dirname "$0")/../.."

wrong=0
complain() {
  echo "SECURITY.md: $1"
  wrong=1
}

names() {
  grep -o '`avow_[a-z_]*' SECURITY.md | tr -d '`' | sort -u
}

# Prints "SUITE TEST" for each test. A link to the suite precedes its tests.
tests() {
  grep -o '](test/[a-z/]*test_[a-z_]*\.c)\|`[a-z_]*`' SECURITY.md |
    sed -n 's/](\(.*\))/\1/; s/`//g; /^avow_/!p' |
    awk '/^test\// { suite = $0; next } { print suite, $0 }'
}

for name in $(names); do
  grep -q "\<$name" include/avow/*.h || complain "$name does not exist"
done
tests | while read -r suite test; do
  grep -Eq "(^| )[A-Z_]*\($test[,)]" "$suite" || echo "$suite has no $test"
done | grep . && complain 'these tests do not exist'
[ "$(tests | wc -l)" -gt 20 ] || complain 'the tables of tests are missing'
[ "$wrong" = 0 ]
