#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks that the simulator defines each function that uv.h declares, to
# simulate it or to refuse it by name, unless harmless.txt leaves the function
# to libuv. This includes the functions that a new version of libuv adds.
#
#   CC=... UV_CFLAGS=... test_whole.sh LIBAVOW_SIM
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC2086 # words
echo '#include <uv.h>' | $CC $UV_CFLAGS -D_POSIX_C_SOURCE=200809L -E -P - |
  tr '\n' ' ' | tr ';{}' '\n\n\n' | grep -v typedef |
  sed -n 's/^[^(]*__attribute__ *(([^)]*([^)]*)[^(]*[ *]\(uv_[a-z0-9_]*\) *(.*/\1/p' |
  sort -u >"$work/declared"
[ "$(wc -l <"$work/declared")" -gt 250 ] || {
  echo "uv.h declares too few functions to be true:"
  cat "$work/declared"
  exit 1
}

nm -g --defined-only "$1" | awk '$3 ~ /^uv_/ { print $3 }' |
  sort -u >"$work/own"
sed -n 's/^uv_.*/&/p' "$here/harmless.txt" | sed 's/\*$/.*/; s/.*/^&$/' \
  >"$work/harmless"

fail() {
  cat "$work/wrong"
  echo "$1"
  exit 1
}

comm -23 "$work/declared" "$work/own" >"$work/others"
! grep -vf "$work/harmless" "$work/others" >"$work/wrong" ||
  fail 'these are not simulated: refuse them (src/sim/uv_refused.c), or if they
are harmless without a loop, say so in test/sim/harmless.txt'
! grep -f "$work/harmless" "$work/own" >"$work/wrong" ||
  fail 'these are simulated, and test/sim/harmless.txt says that they are not'
