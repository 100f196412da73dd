#!/bin/sh
# SPDX-License-Identifier: MIT
# Is every public function that makes a promise or a channel among those that
# test_cancel_each.c and test_fs_operations.c cancel at each stage? Says which
# are not. What a promise is itself, and how several are one, is for
# test_cancel.c. What adapters make is cancelled in test/adapters/*/test_*_end.c.
set -eu
cd "$(dirname "$0")/.."

makers() {
  for header in ../include/avow/*.h; do
    case $header in
    */promise.h | */combine.h | */trace.h) ;;
    *) cat "$header" ;;
    esac
  done | perl -0777 -ne '
    s{/\*.*?\*/}{}gs;
    my $type = qr/avow_(?:promise|channel)_t \*/;
    print "$1\n" while /AVOW_(?:ASYNC_)?API\s+(?:AVOW_MUST_USE\s+)?$type\(?(avow_\w+)\)? ?\(/g'
}

missing=0
for maker in $(makers); do
  case $maker in
  avow_channel_new | avow_channel_ref) continue ;; # settle nothing
  avow_cancel_losers | avow_join_losers) continue ;; # of a combinator's
  esac
  cat lib/subjects_*.c | grep -qF "{ \"$maker\"," && continue
  cat adapters/*/test_*_end.c | grep -q "\<$maker\>" && continue
  grep -qF "OPERATION(${maker#avow_fs_}," lib/fs_operations.c && continue
  echo "$maker() is not cancelled at each stage: see subjects.h"
  missing=1
done
exit $missing
