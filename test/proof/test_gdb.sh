#!/bin/sh
# SPDX-License-Identifier: MIT
# test_gdb.sh PARKED AVOW-GDB.PY SWITCH TRACE PRINTED: check that gdb shows
# where functions are parked, in a process and in its core, and that it prints
# values and promises.
#
# PARKED parks three functions. SWITCH is asm or portable. For portable, gdb
# must report that it cannot show parked functions. TRACE tells whether the
# build has traces. PRINTED has values and promises to print.
. "$(dirname "$0")/../examples/example.sh"

parked=$(absolute "$1")
script=$(absolute "$2")
switch=$3
printed=$(absolute "$5")
awaits= made=
if [ "$4" = true ]; then
  awaits=', awaits at .*/parked\.c:[0-9]+'
  made=', made at .*/printed\.c:[0-9]+'
fi
cd "$dir"

# without MESSAGE: skips the test, or fails in CI.
without() {
  echo "$1"
  [ -z "${CI:-}" ] || exit 1
  exit 77
}

# look COMMAND...: runs gdb with the commands, and stores its output.
look() {
  gdb --batch --nx -iex 'set auto-load off' -iex 'set debuginfod enabled off' \
    -ex "source $script" "$@" >out 2>err </dev/null || fail "gdb: status $?"
}

command -v gdb >/dev/null || without 'missing: gdb'
gdb --batch --nx -ex 'python print(1)' >out 2>err ||
  without 'missing: Python in gdb'
forbidden='skipped: gdb cannot run programs'
gdb --batch --nx -ex 'break main' -ex run -ex 'print 40 + 2' "$parked" >out \
  2>err </dev/null || without "$forbidden: $(cat err)"
grep -q '= 42$' out || without "$forbidden: $(cat err)"

# prints EXPRESSION...: prints all in one gdb, which reads the symbols once.
prints() {
  for expression; do
    shift
    set -- "$@" -ex "print $expression"
  done
  look -ex 'break all_there' -ex run "$@" -ex continue "$printed"
  grep -q 'exited normally' out || fail 'the program does not continue normally'
  shown=0
}

# shows REGEX: the line of the next expression must match.
shows() {
  shown=$((shown + 1))
  out "\\\$$shown = $1"
}

echo 'gdb: prints values'
prints 'values[0]' 'values[1]' 'values[2]' 'values[3]' 'values[4]' \
  'values[5]' 'values[6]' 'values[7]'
shows 'INT -5'
shows 'DOUBLE 1\.5'
shows 'NONE'
shows 'BYTES "a \\"b\\"\\n\\000"'
shows 'LIST of 2 = \{\[0\] = INT 1, \[1\] = BYTES "two"\}'
shows 'ERROR ENOENT'
shows 'ERROR AVOW_EBROKEN "nobody said it" = \{cause = ERROR EOF\}'
shows 'OBJECT thing 0x[0-9a-f]+ <loop>'

echo 'gdb: prints promises'
prints '*promises[0]' '*promises[1]' '*promises[2]' '*promises[3]'
shows "pending deferred 'the first'$made"
shows "pending then, calls 0x[0-9a-f]+ <double_it>, waits for 0x[0-9a-f]+$made"
shows "fulfilled value: INT 7$made"
shows "rejected value: ERROR EIO \"smoke\"$made"

if [ "$switch" != asm ]; then
  echo 'gdb: reports that it cannot show parked functions'
  gdb --batch --nx -ex "source $script" -ex 'break all_parked' -ex run \
    -ex 'avow parked' "$parked" >out 2>err </dev/null || :
  grep -q 'changes stacks by sigsetjmp' err || fail 'gdb does not report that'
  echo 'all passed'
  exit 0
fi

# Checks all three functions, and that no frame follows the outermost one.
are_there() {
  out 'loop 0x[0-9a-f]+: 3 parked'
  for name in first second third; do
    out "  0x[0-9a-f]+ <$name>, promise 0x[0-9a-f]+$awaits"
    out "    $name \(\) at .*/parked\.c:[0-9]+"
  done
  [ "$(grep -c '    wait_deep () at .*/parked.c' out)" -eq 3 ] ||
    fail 'a frame of wait_deep() is missing'
  [ "$(grep -c '^    avow[_.]*begin ()' out)" -eq 3 ] ||
    fail 'an outermost frame is missing'
  [ "$(grep -A 1 '^    avow[_.]*begin ()' out | grep -c '^    ')" -eq 3 ] ||
    fail 'a frame follows the outermost one'
}

echo 'gdb: lists the functions that are parked'
look -ex 'break all_parked' -ex run -ex 'avow parked' -ex 'info frame' \
  -ex continue "$parked"
are_there
grep -q 'rip = .* in all_parked\|pc = .* in all_parked' out ||
  fail 'gdb selects another frame'
grep -q 'exited normally' out || fail 'the program does not continue normally'

# The system may write cores to another directory, or none.
(
  ulimit -c unlimited
  "$parked" abort
) >out 2>err || :
core=$(find . -name '*core*' -type f)
if [ -n "$core" ]; then
  echo 'gdb: lists parked functions of a core'
  look -ex 'avow parked' "$parked" "$core"
  are_there
fi

echo 'gdb: reports a missing library or process'
gdb --batch --nx -ex "source $script" -ex 'avow parked' /bin/sh >out 2>err \
  </dev/null || :
err 'avow is not here, or has no debug information'
gdb --batch --nx -ex "source $script" -ex 'avow parked' "$parked" >out 2>err \
  </dev/null || :
err 'there is no process, nor a core of one'

echo 'all passed'
