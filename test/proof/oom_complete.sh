#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that the programs of test_oom*.c call each public function that makes a
# promise, a channel, a value or another object. In these programs, each
# allocation fails in turn. The script prints the missing functions.
set -eu
cd "$(dirname "$0")/.."

makers() {
  cat ../include/avow/*.h | perl -0777 -ne '
    s{/\*.*?\*/}{}gs;
    my $type = qr/avow_(?:value_t |\w+_t \*)/;
    print "$1\n" while /AVOW_(?:ASYNC_)?API\s+(?:AVOW_MUST_USE\s+)?$type\(?(avow_\w+)\)? ?\(/g'
}

called() {
  cat */test_oom*.c adapters/*/test_oom*.c adapters/*/*_test.c lib/torture.c \
    lib/fs_operations.c | grep -oE '\<avow_[a-z0-9_]+' | sort -u
}

# Each called function is listed at least twice, so uniq -u never prints it.
missing=$({ called; called; makers | sort -u; } | sort | uniq -u)
[ -n "$missing" ] || exit 0
echo "no program of test_oom*.c calls these:"
echo "$missing"
exit 1
