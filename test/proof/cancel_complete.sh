#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that test_cancel_each.c and test_fs_operations.c cancel every public
# function that makes a promise or a channel, at each stage. The script prints
# the missing functions. test_cancel.c tests promises themselves and
# combinators, and test/adapters/*/test_*_end.c tests adapters.
set -eu
cd "$(dirname "$0")/.."

# makers HEADER...: prints the functions that make a promise or a channel.
makers() {
  cat "$@" | perl -0777 -ne '
    s{/\*.*?\*/}{}gs;
    my $type = qr/avow_(?:promise|channel)_t \*/;
    print "$1\n" while /AVOW_(?:ASYNC_)?API\s+(?:AVOW_MUST_USE\s+)?$type\(?(avow_\w+)\)? ?\(/g'
}

core() {
  # shellcheck disable=SC2046 # a list of files
  makers $(ls ../include/avow/*.h |
    grep -vE '/(promise|combine|trace|curl|nats|tls)\.h$')
}

adapters() {
  makers ../include/avow/curl.h ../include/avow/nats.h ../include/avow/tls.h
}

canceled_of_core() {
  grep -ohE '\{ "avow_\w+",' lib/subjects_*.c | tr -d '{ ",'
  grep -ohE 'OPERATION\(\w+,' lib/fs_operations.c |
    sed 's/OPERATION(\(.*\),/avow_fs_\1/'
  printf '%s\n' avow_channel_new avow_channel_ref # they do not settle
  printf '%s\n' avow_cancel_losers avow_join_losers # options of combinators
}

canceled_of_adapters() {
  grep -ohE '\<avow_\w+' adapters/*/test_*_end.c
}

# Each canceled function is listed at least twice, so uniq -u never prints it.
missing=$(for part in core adapters; do
  { canceled_of_$part; canceled_of_$part; $part | sort -u; } | sort | uniq -u
done)
[ -n "$missing" ] || exit 0
echo 'no table of subjects.h cancels these functions at each stage:'
echo "$missing"
exit 1
