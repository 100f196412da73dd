#!/bin/sh
# SPDX-License-Identifier: MIT
# Check docs/tools.md. A program with async functions must run under ASan,
# UBSan, TSan and valgrind without a suppression, on a library that is not
# instrumented. Each tool must find defects in its async functions.
#
#   sanitized.sh SOURCE-ROOT LIBRARY CC...
#
# $UV_CFLAGS and $UV_LIBS are for libuv. The status is 77 if no tool is
# installed.
set -eu
root=$1
library=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset ASAN_OPTIONS LSAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS VALGRIND_OPTS
export ASAN_OPTIONS=detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1
tried=0

fail() {
  echo "$1" >&2
  cat "$work/said" >&2
  exit 1
}

# supports FLAGS CC...: tells whether the compiler builds working programs.
supports() {
  flags=$1
  shift
  echo 'int main(void) { return 0; }' >"$work/empty.c"
  # shellcheck disable=SC2086 # a list of words
  "$@" $flags "$work/empty.c" -o "$work/empty" 2>/dev/null &&
    "$work/empty" 2>/dev/null
}

# build CC...: builds the program with $flags.
build() {
  # shellcheck disable=SC2086 # lists of words
  "$@" -std=c11 -D_POSIX_C_SOURCE=200809L -g \
    $flags -I"$root/include" $UV_CFLAGS \
    "$root/test/ship/sanitized.c" -o "$work/program" "$library" \
    $UV_LIBS -Wl,-rpath,"$(dirname "$library")"
}

# says_nothing TOOL: runs the program without a defect.
says_nothing() {
  tried=1
  # shellcheck disable=SC2086
  $1 "$work/program" clean >"$work/said" 2>&1 || fail "${1:-$flags}: fails"
  ! grep -q '^==\|WARNING: \|runtime error' "$work/said" ||
    fail "${1:-$flags} reports a false defect"
}

# finds TOOL DEFECT: runs the program with that defect.
finds() {
  # shellcheck disable=SC2086
  if $1 "$work/program" "$2" >"$work/said" 2>&1; then
    fail "${1:-$flags} does not find: $2"
  fi
  grep -q "$2.*sanitized.c" "$work/said" ||
    fail "${1:-$flags} does not name the place of $2"
}

if supports -fsanitize=address,undefined "$@"; then
  build "$@"
  says_nothing ''
fi
if supports -fsanitize=address "$@"; then # UBSan would stop at `beyond` first
  build "$@"
  finds '' freed
  finds '' beyond
  ASAN_OPTIONS=fast_unwind_on_malloc=0 finds '' leak
fi
if supports -fsanitize=thread "$@"; then
  build "$@"
  says_nothing ''
  finds '' race
fi
if command -v valgrind >/dev/null; then
  flags='-O0 -gdwarf-4' # each version of valgrind reads it
  build "$@"
  valgrind='valgrind --quiet --error-exitcode=9 --leak-check=full'
  says_nothing "$valgrind"
  finds "$valgrind" freed
  finds "$valgrind" unset
  finds "$valgrind" leak
fi
[ $tried = 1 ] || { echo 'missing: a sanitizer or valgrind'; exit 77; }
