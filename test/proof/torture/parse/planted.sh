#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that the fuzz targets find faults. The script plants the faults of
# planted.txt, one at a time, in a copy of a source. The target must fail on its
# stored inputs or on random variations of them.
#
#   planted.sh LIBRARY FLAG...    LIBRARY has no fault; $CC is the compiler
set -eu
library=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift
cd "$(dirname "$0")"
root=$(cd ../../../.. && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

faults() {
  perl "$root/test/proof/faults/faults.pl" planted.txt "$@"
}

# Sanitizers detect faults with undefined behavior.
compile() {
  # shellcheck disable=SC2086 # CC may be several words
  ${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -g -fsanitize=undefined \
    -fno-sanitize-recover=undefined -I"$root/src" -I"$root/include" \
    -I"$root/examples" "$@"
}

(cd "$work" && compile "$@" -c "$root"/test/proof/torture/change.c \
  "$root"/test/proof/torture/memory.c "$root"/test/proof/torture/replay.c \
  "$root"/test/proof/torture/parse/text.c)

missed=0
for name in $(faults names); do
  rm -rf "$work/src" "$work/examples"
  cp -R "$root/src" "$root/examples" "$work"
  target=$(faults kind "$name")
  file=$(faults apply "$work" "$name")
  counted=
  [ "$target" != match ] || counted=-fsanitize-coverage=trace-pc
  compile "$@" $counted -c "$work/$file" -o "$work/faulty.o"
  beside=
  [ "$target" != request ] || beside=$work/examples/message.c
  # shellcheck disable=SC2086 # a file, or none
  compile "$@" "$target.c" $beside "$work"/*.o "$library" "$@" -o "$work/fuzz"
  if timeout 60 "$work/fuzz" --change 3000 1 "corpus/$target" \
    >"$work/log" 2>&1; then
    echo "$name: $target does not find it"
    missed=$((missed + 1))
  else
    echo "$name: $(grep -a -e 'does not hold' -e 'runtime error' \
      -e Assertion "$work/log" | sed 's/^[^:]*\///' | head -n 1)"
  fi
done
[ "$missed" = 0 ]
