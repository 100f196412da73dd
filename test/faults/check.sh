#!/bin/sh
# Would the tests notice? Plants the faults of faults.txt one at a time in a
# copy of the tree: the suite that caught.txt names must fail.
#
#   check.sh [NAME...]            these faults, or all
#   check.sh --quick [SEED]       a tenth of them, chosen at random
#   check.sh --write [NAME...]    by whichever suite finds them, the quickest
#                                 first; writes that to caught.txt
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
table=$here/caught.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
tree=$work/tree
build=$work/build
write=

faults() {
  perl "$here/faults.pl" "$here/faults.txt" "$@"
}

choose() {
  case "${1:-}" in
  --quick)
    seed=${2:-$(date +%s)}
    echo "a tenth of the faults, with seed $seed" >&2
    faults tenth "$seed"
    ;;
  '') faults names ;;
  *) printf '%s\n' "$@" ;;
  esac
}

copy() {
  mkdir "$tree"
  tar -C "$root" --exclude=./.git --exclude='./build*' \
    --exclude=node_modules -cf - . | tar -C "$tree" -xf -
  cp -R "$tree/src" "$work/src"
}

set_up() {
  meson setup "$build" "$tree" --buildtype=debug -Dtests=enabled \
    -Dexamples=false -Dbench=false -Dpool=enabled -Ddefault_library=static \
    >"$work/log" || give_up 'cannot set up'
  suites=$(ninja -C "$build" -t targets all |
    sed -n 's,^test/test_\([a-z_]*\): c_LINKER.*,\1,p')
}

give_up() {
  echo "$1:" >&2
  tail -n 40 "$work/log" >&2
  exit 2
}

# SUITE
make() {
  ninja -C "$build" "test/test_$1" >"$work/log" 2>&1
}

# The test that failed, or was the last to run.
failed_test() {
  awk '
    { name = substr($0, 14) }
    /^\[ RUN / { last = name }
    /^\[  (FAILED|ERROR) / && name !~ /^---/ { last = name; exit }
    END { print last }' "$work/log"
}

# SUITE SECONDS: runs it; where it fails, $by names the test.
run_suite() {
  status=0
  (
    # shellcheck disable=SC3045 # dash and bash know both
    ulimit -c 0 && ulimit -v 4000000
    stdbuf -oL timeout -k 1 "$2" "$build/test/test_$1" \
      </dev/null >"$work/log" 2>&1 || exit $?
  ) 2>/dev/null || status=$?
  case $status in
  0) return 0 ;;
  124) how=', hangs' ;;
  1[2-9]?) how=', crashes' ;;
  *) how= ;;
  esac
  by="$1: $(failed_test)$how"
  return 1
}

# SUITE: $limit is the seconds that it may take, several times what it takes
# without a fault.
measure() {
  if [ ! -f "$work/limit-$1" ]; then
    make "$1" || give_up 'the tree does not build without a fault'
    start=$(date +%s%N)
    run_suite "$1" 120 || give_up "$by fails without any fault"
    ms=$((($(date +%s%N) - start) / 1000000))
    echo "$ms $1" >>"$work/times"
    echo $((ms * 5 / 1000 + 5)) >"$work/limit-$1"
  fi
  limit=$(cat "$work/limit-$1")
}

# A suite is linked when its turn comes; most never are.
try_all() {
  sort -n "$work/times" >"$work/order"
  while read -r _ suite; do
    make "$suite" || return 0
    run_suite "$suite" "$(cat "$work/limit-$suite")" || return 0
  done <"$work/order"
}

# NAME: fails unless the fault is found, and where it should be.
try() {
  expected=$(sed -n "s/^$1  *\([a-z_]*\):.*/\1/p" "$table")
  by=
  if [ -n "$write" ]; then
    file=$(faults apply "$tree" "$1")
    try_all
  elif [ -n "$expected" ]; then
    measure "$expected"
    file=$(faults apply "$tree" "$1")
    make "$expected" && run_suite "$expected" "$limit" || true # $by says so
  else
    echo "$1 is not in caught.txt"
    return 1
  fi
  cp "$work/$file" "$tree/$file"
  printf '%-44s %s\n' "$1" "${by:-SURVIVES, or does not build}" | tee -a "$work/found"
  [ -n "$by" ]
}

# What was found now, the rest as it was.
write_table() {
  faults names | while read -r name; do
    grep "^$name " "$work/found" || grep "^$name " "$table" || true
  done >"$work/table"
  cp "$work/table" "$table"
}

if [ "${1:-}" = --write ]; then
  write=1
  shift
fi
choose "$@" >"$work/names"
copy
# shellcheck disable=SC2046 # a list of words
faults verify "$tree" $(cat "$work/names") || exit 2
set_up
if [ -n "$write" ]; then
  for suite in $suites; do
    measure "$suite"
  done
fi

total=0
caught=0
while read -r name; do
  total=$((total + 1))
  if try "$name"; then
    caught=$((caught + 1))
  fi
done <"$work/names"
echo "$caught of $total faults caught"
[ "$caught" = "$total" ]
[ -z "$write" ] || write_table
