#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that the shared libraries use the tool chain's protections against
# overwritten memory. The script reads the files, and the flags that GCC
# records in them.
#
#   hardened.sh FLAGS LIBRARY...
set -eu
flags=$1
shift
failed=0

complain() {
  echo "$library: $1" >&2
  failed=1
}

# wanted FLAG: tells whether the libraries were built with the flag.
wanted() {
  case " $flags " in
  *" $1 "*) ;;
  *)
    echo "not checked: $1, because the tool chain or the build lacks it"
    return 1
    ;;
  esac
}

# expect PATTERN WHAT: complains that WHAT is missing if PATTERN does not match.
expect() {
  grep -q -e "$1" "$work/facts" || complain "no $2"
}

# expect_noted FLAG: each unit must be compiled with the flag, if the debug
# information has the flags of the units.
expect_noted() {
  [ -s "$work/units" ] || return 0
  if grep -v -q -e "$1" "$work/units"; then
    complain "a unit was compiled without $1"
  fi
}

if [ -z "$flags" ]; then
  echo "skipped: the tool chain has no such protection"
  exit 77
fi
if ! command -v readelf >/dev/null; then
  echo "skipped: no readelf (binutils)"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for library; do
  readelf -W --program-headers --dynamic --dyn-syms "$library" >"$work/facts"
  readelf -W --debug-dump=info --dwarf-depth=1 "$library" 2>"$work/errors" |
    grep 'DW_AT_producer.*GNU C' >"$work/units" || true # clang records no flags
  if wanted -Wl,-z,relro; then
    expect GNU_RELRO 'part that is read only after relocation'
  fi
  if wanted -Wl,-z,now; then
    expect 'BIND_NOW\|Flags:.* NOW' 'binding of all symbols at the start'
  fi
  if wanted -fstack-protector-strong; then
    expect __stack_chk_fail 'check of stacks'
    expect_noted -fstack-protector-strong
  fi
  if wanted -fstack-clash-protection; then
    expect_noted -fstack-clash-protection
  fi
  case " $flags " in
  *' -fcf-protection='*) expect_noted -fcf-protection= ;;
  esac
  if wanted -D_FORTIFY_SOURCE=2; then
    expect '__[a-z]*_chk@' 'call that libc checks'
  fi
done
exit "$failed"
