#!/bin/sh
# SPDX-License-Identifier: MIT
# test_lldb.sh PRINTED AVOW_LLDB.PY: check that lldb prints values and promises.
. "$(dirname "$0")/../examples/example.sh"

printed=$(absolute "$1")
script=$(absolute "$2")
cd "$dir"

# without MESSAGE: skips the test.
without() {
  echo "$1"
  exit 77
}

# The path of Python in lldb 14 of Debian 12 is wrong.
for path in /usr/lib/llvm-*/lib/python3.*/*-packages; do
  [ ! -d "$path/lldb" ] || export PYTHONPATH="$path"
done
command -v lldb >/dev/null || without 'skipped: no lldb'
lldb --batch --no-lldbinit -o 'script print(40 + 2)' >out 2>err </dev/null || :
grep -qx 42 out || without 'skipped: no Python in lldb'
lldb --batch --no-lldbinit -o 'breakpoint set -n main' -o run "$printed" >out \
  2>err </dev/null || :
grep -q 'stop reason = breakpoint' out ||
  without 'skipped: lldb cannot run programs'

set --
for i in 0 1 2 3 4 5 6 7; do
  set -- "$@" "values[$i]"
done
lldb --batch --no-lldbinit -o "command script import $script" \
  -o 'breakpoint set -n all_there' -o run -o "frame variable $*" \
  -o 'frame variable promises[0] *promises[1] *promises[2] *promises[3]' \
  -o continue "$printed" >out 2>err </dev/null || fail "lldb: status $?"

# shows EXPRESSION REGEX: the line of the expression must match.
shows() {
  out "\\(.*\\) $1 = (0x[0-9a-f]+ )?$2"
}

shows 'values\[0\]' 'INT -5'
shows 'values\[1\]' 'DOUBLE 1\.5'
shows 'values\[2\]' 'NONE'
shows 'values\[3\]' 'BYTES "a \\042b\\042\\012\\000"'
shows 'values\[4\]' 'LIST of 2'
shows 'values\[5\]' 'ERROR ENOENT'
shows 'values\[6\]' 'ERROR -20001 "nobody said it"'
shows 'values\[7\]' 'OBJECT "thing" 0x[0-9a-f]+'
shows 'promises\[0\]' 'pending deferred'
shows '\*promises\[1\]' 'pending then, waits for 0x[0-9a-f]+'
shows '\*promises\[2\]' 'fulfilled value: INT 7'
shows '\*promises\[3\]' 'rejected value: ERROR EIO "smoke"'
grep -q 'exited with status = 0' out || fail 'the program does not continue'
echo 'all passed'
