#!/bin/sh
# SPDX-License-Identifier: MIT
# Check the notes of the assembly that switches stacks, for tool chains that
# demand checked jumps (-fcf-protection, -mbranch-protection). The notes say
# that the assembly supports the checks, and it does. Without that demand there
# are no notes.
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

# COMMAND...
compile() {
  "$@" -c "$source" -o "$work/switch.o"
  readelf -nW "$work/switch.o" >"$work/notes"
  "${OBJDUMP:-objdump}" -d "$work/switch.o" >"$work/code" 2>&1 || true
}

# HOW MANY PATTERN
has() {
  [ "$(grep -c -e "$2" "$work/$3")" = "$1" ] || fail "not $1 of $2"
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
