#!/bin/sh
# test_gdb.sh PARKED AVOW-GDB.PY SWITCH TRACE: does gdb see where functions are
# parked, in the process and in its core? SWITCH is asm, or portable: it cannot
# then, and says so. PARKED parks three. TRACE is true or false.
. "$(dirname "$0")/example.sh"

parked=$(absolute "$1")
script=$(absolute "$2")
switch=$3
awaits=
[ "$4" = false ] || awaits=', awaits at .*/parked\.c:[0-9]+'
cd "$dir"

# Skipped, but not where all of it has to run.
without() {
  echo "$1"
  [ -z "${CI:-}" ] || exit 1
  exit 77
}

# look COMMAND...: with the program stopped where all are parked.
look() {
  gdb --batch --nx -iex 'set auto-load off' -iex 'set debuginfod enabled off' \
    -ex "source $script" "$@" >out 2>err </dev/null || fail "gdb: status $?"
}

command -v gdb >/dev/null || without 'missing: gdb'
gdb --batch --nx -ex 'python print(1)' >out 2>err ||
  without 'missing: Python in gdb'
forbidden='skipped: gdb cannot run programs here'
gdb --batch --nx -ex 'break main' -ex run -ex 'print 40 + 2' "$parked" >out \
  2>err </dev/null || without "$forbidden: $(cat err)"
grep -q '= 42$' out || without "$forbidden: $(cat err)"

if [ "$switch" != asm ]; then
  echo 'gdb: says that it cannot see them'
  gdb --batch --nx -ex "source $script" -ex 'break all_parked' -ex run \
    -ex 'avow parked' "$parked" >out 2>err </dev/null || :
  grep -q 'changes stacks by sigsetjmp' err || fail 'no such message'
  echo 'all passed'
  exit 0
fi

# All three, and that nothing comes after the frame that nothing called.
are_there() {
  out 'loop 0x[0-9a-f]+: 3 parked'
  for name in first second third; do
    out "  0x[0-9a-f]+ <$name>, promise 0x[0-9a-f]+$awaits"
    out "    $name \(\) at .*/parked\.c:[0-9]+"
  done
  [ "$(grep -c '    wait_deep () at .*/parked.c' out)" -eq 3 ] ||
    fail 'the frames between'
  [ "$(grep -c '^    avow[_.]*begin ()' out)" -eq 3 ] || fail 'the last frames'
  [ "$(grep -A 1 '^    avow[_.]*begin ()' out | grep -c '^    ')" -eq 3 ] ||
    fail 'frames after the last'
}

echo 'gdb: lists the functions that are parked'
look -ex 'break all_parked' -ex run -ex 'avow parked' -ex 'info frame' \
  -ex continue "$parked"
are_there
grep -q 'rip = .* in all_parked\|pc = .* in all_parked' out ||
  fail 'the selected frame is another'
grep -q 'exited normally' out || fail 'the program was changed'

# Where the system writes cores is its administrator's choice.
(
  ulimit -c unlimited
  "$parked" abort
) >out 2>err || :
core=$(find . -name '*core*' -type f)
if [ -n "$core" ]; then
  echo 'gdb: finds them in a core'
  look -ex 'avow parked' "$parked" "$core"
  are_there
fi

echo 'gdb: says what is missing'
gdb --batch --nx -ex "source $script" -ex 'avow parked' /bin/sh >out 2>err \
  </dev/null || :
err 'avow is not here, or has no debug information'
gdb --batch --nx -ex "source $script" -ex 'avow parked' "$parked" >out 2>err \
  </dev/null || :
err 'there is no process, nor a core of one'

echo 'all passed'
