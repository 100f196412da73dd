#!/bin/sh
# SPDX-License-Identifier: MIT
# Check the models of cross-thread communication with Spin. The models must have
# no error, and Spin must find each planted fault. This takes some seconds.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

if ! command -v spin >/dev/null; then
  echo 'missing: spin'
  [ -n "${CI:-}" ] && exit 1
  exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# search OPTION...: writes Spin's report of $model, with these macros.
search() {
  spin "$@" -a "$here/$model.pml" >spin.log || { cat spin.log; exit 1; }
  ${CC:-cc} -O0 -w -DSAFETY -o pan pan.c
  ./pan -m100000 >report 2>&1 || true # the report has the result
}

row() {
  printf '%-22s %-9s %s\n' "$@"
}

failed=0

# must_be_clean NAME OPTION...: checks that there is no error, that the search
# was complete, and that each statement was reached.
must_be_clean() {
  what=$1
  shift
  search "$@"
  states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' report)
  if grep -q 'errors: 0$' report && ! grep -q \
    -e 'not completed' -e 'too small' -e 'out of memory' -e 'truncated' \
    -e ', state [0-9]*, ' report; then
    row "$what" clean "$states states"
  else
    row "$what" FAILED "$(grep -m 1 '^pan:1:' report || echo incomplete)"
    cat report
    failed=1
  fi
}

# must_be_found FAULT EXPECTED OPTION...: checks for an error of that kind.
must_be_found() {
  fault=$1
  expected=$2
  shift 2
  search "-D$fault" "$@"
  error=$(sed -n 's/^pan:1: \(.*\) (at depth.*/\1/p' report)
  case $error in
  "$expected"*) row "$fault" found "$error" ;;
  *)
    row "$fault" MISSED "${error:-no error}"
    failed=1
    ;;
  esac
}

row model result details
model=port
must_be_clean '2 producers, 2 values' -DPRODUCERS=2 -DROUNDS=2
must_be_clean '3 producers, 1 value' -DPRODUCERS=3 -DROUNDS=1

# Lost wakeups: the loop waits forever for pending remotes.
must_be_found EMPTY_TEST_OUTSIDE 'invalid end state' -DPATIENT
must_be_found RELAXED 'invalid end state' -DPATIENT
must_be_found MARK_TAKEN_BLINDLY 'invalid end state' -DPATIENT

must_be_found SEND_OUTSIDE 'assertion violated'
must_be_found CLOSE_WITHOUT_MUTEX 'assertion violated'
must_be_found EMPTY_WITHOUT_MUTEX 'assertion violated'
must_be_found FORGET_BEFORE_UNLOCK 'assertion violated'
must_be_found FREE_EARLY 'assertion violated'
must_be_found NOT_COUNTED 'assertion violated'
must_be_found COUNT_LATER 'assertion violated'
must_be_found COUNT_NOT_ATOMIC 'assertion violated'
must_be_found KEEP_QUEUE 'assertion violated'

model=sender
must_be_clean 'sender, 2 by 2' -DROOM=2
must_be_clean 'sender, 3 by 1' -DPRODUCERS=3 -DITEMS=1 -DROOM=2

# Lost calls and lost wakeups of senders: the loop or a sender waits forever.
must_be_found NEVER_IDLE 'invalid end state'
must_be_found NO_CALL_AT_THE_END 'invalid end state'
must_be_found CLAIMED_IS_NO_NEWS 'invalid end state'
must_be_found ROOM_WAKES_NOBODY 'invalid end state'
must_be_found STOP_WAKES_NOBODY 'invalid end state'

must_be_found NEWS_OUTSIDE 'assertion violated'
must_be_found CLAIM_IN_TWO_STEPS 'assertion violated'
must_be_found MAIL_NOT_COUNTED 'assertion violated'
must_be_found END_BEFORE_ITEMS 'assertion violated'

[ "$failed" = 0 ] || exit 1
echo 'the models have no error, and each planted fault is found'
