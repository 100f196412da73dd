#!/bin/sh
# SPDX-License-Identifier: MIT
# Check the assembly that switches stacks, for tool chains with checked jumps
# (-fcf-protection, -mbranch-protection). With these options, its ELF notes must
# declare support for the checks, and its code must support them. Without the
# options, it must have no such notes.
#
#   test_notes.sh SOURCE-DIRECTORY CPU-FAMILY CC...
set -eu
source=$1/fiber/switch_$2.S
family=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "$*: see" >&2
  cat "$work/notes" "$work/code" >&2
  exit 1
}

# compile COMMAND...
compile() {
  "$@" -c "$source" -o "$work/switch.o"
  readelf -nW "$work/switch.o" >"$work/notes"
  "${OBJDUMP:-objdump}" -d "$work/switch.o" >"$work/code" 2>&1 || true
}

# has COUNT PATTERN FILE
has() {
  [ "$(grep -c -e "$2" "$work/$3")" = "$1" ] ||
    fail "the $3 must have $1 lines with $2"
}

case $family in
x86_64)
  compile "$@" -fcf-protection=full
  has 1 'x86 feature: IBT, SHSTK' notes
  has 4 'endbr64' code
  has 1 'notrack jmp' code
  has 1 'rdsspq' code
  compile "$@" -fcf-protection=none
  ;;
aarch64)
  compile "$@" -mbranch-protection=standard
  has 1 'AArch64 feature: BTI' notes
  compile "$@" -mbranch-protection=none
  ;;
esac
has 0 'feature' notes
has 0 'endbr64\|notrack' code
