#!/bin/sh
# SPDX-License-Identifier: MIT
# Is each function that SECURITY.md names one of avow's, and is each test there
# that is to show what it promises of it?
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

# "SUITE TEST" for each test: a link to the suite goes before it.
tests() {
  grep -o '](test/[a-z/]*test_[a-z_]*\.c)\|`[a-z_]*`' SECURITY.md |
    sed -n 's/](\(.*\))/\1/; s/`//g; /^avow_/!p' |
    awk '/^test\// { suite = $0; next } { print suite, $0 }'
}

for name in $(names); do
  grep -q "\<$name" include/avow/*.h || complain "there is no $name"
done
tests | while read -r suite test; do
  grep -Eq "(^| )[A-Z_]*\($test[,)]" "$suite" || echo "$suite has no $test"
done | grep . && complain 'these tests show nothing'
[ "$(tests | wc -l)" -gt 20 ] || complain 'its tables are not found'
[ "$wrong" = 0 ]
