#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that the tests find defects. The script plants the faults of faults.txt,
# one at a time, in a copy of the sources. The suite that caught.txt names must
# fail.
#
#   check.sh [NAME...]            these faults, or all
#   check.sh --changed [SEED]     24 faults, first those in files of src/ that
#                                 changed recently (see test/lib/changed.sh).
#                                 The default seed depends only on the commit
#   check.sh --write [NAME...]    finds the suites that fail, the fastest first,
#                                 and writes them to caught.txt
#
# The tree is built without a fault, once for all kinds with the same options.
# The files with the fault are compiled separately. They are linked in front of
# the library, with a suite or with the plug-in that the suite loads. The script
# tries $JOBS faults at a time (default: the number of processors).
# shellcheck disable=SC2013,SC2030,SC2031 # each worker has a $mine of its own
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
table=$here/caught.txt
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
work=$(mktemp -d)
workers=
trap 'rm -rf "$work"' EXIT
trap 'kill $workers 2>/dev/null; exit 130' INT TERM
tree=$work/tree
write=

faults() {
  perl "$here/faults.pl" "$here/faults.txt" "$@"
}

choose() {
  case "${1:-}" in
  --changed)
    seed=${2:-$(printf '%d' "0x$(git -C "$root" rev-parse --short=7 HEAD)")}
    files=$(cd "$root" && . test/lib/changed.sh && changed_files src)
    echo "24 faults with seed $seed, first in files that changed recently" >&2
    # shellcheck disable=SC2086
    faults some 24 "$seed" $files
    ;;
  '') faults names ;;
  *) printf '%s\n' "$@" ;;
  esac
}

give_up() {
  echo "$1:" >&2
  tail -n 40 "$2" >&2
  exit 2
}

copy() {
  mkdir "$tree"
  tar -C "$root" --exclude=./.git --exclude='./build*' \
    --exclude=node_modules -cf - . | tar -C "$tree" -xf -
}

# table_of_suites: prints "SUITE PROGRAM ARGUMENT" for each suite. Suites of the
# simulator begin with sim_. Suites that run there a second time are left out.
table_of_suites() {
  python3 "$tree/test/lib/programs.py" --tests "$build" core | awk '
    $2 ~ /^test\/sim\/twice\// || $2 !~ /\// || NF != 3 { next }
    { suite = $1; sub(/.*\//, "", suite) }
    $1 ~ /^sim\// { suite = "sim_" suite }
    { print suite, $2, $3 }
    END {
      print "hosted test/ship/libhosted.so"
      split("fs_calls handles sequences", compared)
      for (i in compared)
        print "sim_" compared[i], "test/sim/" compared[i] "_sim"
    }'
}

# list_suites: prints the suites that should find the faults, or all suites.
list_suites() {
  if [ -z "$write" ]; then
    while read -r name; do
      expected "$name"
    done <"$work/$kind" | sort -u
    return
  fi
  case $kind in
  sim) awk '/^sim_/ { print $1 }' "$work/table-of-suites" ;;
  adapters) awk '/test_adapters_/ { print $1 }' "$work/table-of-suites" ;;
  *) awk '!/^sim_/ && !/test_adapters_/ { print $1 }' "$work/table-of-suites" ;;
  esac
}

# linked_for SUITE: prints the program or plug-in to link for the suite.
linked_for() {
  awk -v suite="$1" '$1 == suite { print $2; exit }' "$work/table-of-suites"
}

# host_of SUITE: prints the program that loads the plug-in or that is compared.
host_of() {
  case $1 in
  hosted) echo test/ship/hosted_host ;;
  sim_fs_calls | sim_handles | sim_sequences) echo "test/sim/${1#sim_}" ;;
  esac
}

# argument_of SUITE: prints the argument that selects the suite.
argument_of() {
  awk -v suite="$1" '$1 == suite { print $3; exit }' "$work/table-of-suites"
}

# script_of SUITE: prints the script that runs both programs, if any.
script_of() {
  case $1 in
  sim_fs_calls | sim_handles | sim_sequences)
    echo "$tree/test/sim/test_${1#sim_}.sh"
    ;;
  esac
}

# set_up MESON-OPTION...
set_up() {
  log=$work/log
  [ -f "$build/build.ninja" ] ||
    meson setup "$build" "$tree" --buildtype=debug -Dtests=enabled \
      -Dexamples=false -Dbench=false -Ddefault_library=static "$@" \
      >"$log" || give_up 'meson setup fails' "$log"
  table_of_suites >"$work/table-of-suites"
  list_suites >"$work/suites"
  targets=$(while read -r suite; do
    linked_for "$suite"
    host_of "$suite"
  done <"$work/suites")
  # shellcheck disable=SC2086 # a list of words
  ninja -C "$build" $targets >"$log" 2>&1 ||
    give_up 'the tree does not build without a fault' "$log"
  # shellcheck disable=SC2086
  ninja -C "$build" -t commands $targets >"$work/commands"
  ninja -C "$build" -t deps >"$work/deps"
}

# share FUNCTION LIST: calls the function with each line, $jobs at a time. Each
# worker has a directory $mine with a copy of the sources.
share() {
  workers=
  for worker in $(seq 0 $((jobs - 1))); do
    (
      mine=$work/worker$worker
      [ -d "$mine" ] || mkdir -p "$mine/test"
      [ -d "$mine/src" ] || cp -R "$tree/src" "$mine"
      awk "NR % $jobs == $worker" "$2" | while read -r line; do
        "$1" "$line"
      done
    ) &
    workers="$workers $!"
  done
  for worker in $workers; do
    wait "$worker" || exit 2
  done
  workers=
}

# failed_test: prints the test that failed or that ran last.
failed_test() {
  awk '
    { name = substr($0, 14) }
    /^\[ RUN / { last = name }
    /^\[  (FAILED|ERROR) / && name !~ /^---/ { last = name; exit }
    /^ok  +[a-z]/ { last = "after " substr($0, 6) }
    /^FAIL / { last = substr($0, 6); exit }
    END { print last != "" ? last : "what it prints" }' "$mine/log"
}

# run_suite SUITE LINKED SECONDS: runs the suite. If it fails, $by names the
# test. After SECONDS, the suite is killed.
run_suite() {
  status=0
  (
    # shellcheck disable=SC3045 # dash and bash know both
    ulimit -c 0 && ulimit -v 16000000
    host=$(host_of "$1")
    script=$(script_of "$1")
    stdbuf -oL timeout -s KILL "$3" ${script:+sh "$script"} \
      ${host:+"$build/$host"} "$2" $(argument_of "$1") </dev/null \
      >"$mine/log" 2>&1 || exit $?
  ) 2>/dev/null || status=$?
  broken=$(sed -n 's/.*Assertion [^(]*(\([0-9]*\)) > 0 .*/\1/p' "$mine/log" |
    head -n 1)
  case $status,$broken in
  0,*) return 0 ;;
  *,?*) how=", breaks $broken" ;;
  137,) how=', hangs' ;;
  1[2-9]?,) how=', crashes' ;;
  *) how= ;;
  esac
  by="$1: $(failed_test)$how"
  return 1
}

# run_again SUITE LINKED SECONDS: runs the suite. With --write, it runs a suite
# that hangs a second time, because a busy machine can look like a hang.
run_again() {
  run_suite "$@" && return 0
  case $write,$by in
  1,*', hangs') run_suite "$1" "$2" "$((5 * $3))" ;;
  *) return 1 ;;
  esac
}

# measure SUITE: measures the time without a fault. With a fault, the limit is
# several times as long.
measure() {
  start=$(date +%s%N)
  run_suite "$1" "$build/$(linked_for "$1")" 120 ||
    give_up "$by fails without any fault" "$mine/log"
  ms=$((($(date +%s%N) - start) / 1000000))
  echo "$ms $1" >>"$mine/times"
  echo $((ms * 5 / 1000 + 5)) >"$work/limit-$1"
}

# users FILE: prints the sources that include the file, as ninja knows them.
users() {
  awk -v file="/$1" '
    /^[^ ]/ { source = "" }
    /^ / && source == "" { source = $1 }
    /^ / && substr($1, length($1) - length(file) + 1) == file { print source }
  ' "$work/deps" | sed -n 's,.*/\(src/[a-z_0-9/]*\.c\)$,\1,p
    s,.*/\(test/[a-z/]*test_[a-z_]*\.c\)$,\1,p' | sort -u
}

# compile FILE OBJECT [OWN]: compiles the worker's file with the command of the
# build, or with the command that makes the object OWN.
compile() {
  command=$(grep -e " -o ${3:-[^ ]*} -c [^ ]*/$1\$" "$work/commands" |
    head -n 1)
  command="${command%% -MD *} -iquote '$mine/src'" # the worker's headers first
  (cd "$build" && eval "$command -o '$2' -c '$mine/$1'") >"$mine/log" 2>&1
}

# make_objects FILE: compiles the sources of the library that include the file.
make_objects() {
  rm -f "$mine"/*.o
  users "$1" >"$mine/users"
  for source in $(grep '^src/' "$mine/users"); do
    compile "$source" "$mine/$(basename "$source" .c).o" || return 1
  done
}

# object_of LINKED SOURCE: prints the object of the source in that program.
object_of() {
  from=$(dirname "$1")
  echo "$1.p/$(echo "${2#"$from/"}" | tr / _).o"
}

# source_of SUITE: prints its source. Several files may have that name.
source_of() {
  if [ -n "$(script_of "$1")" ]; then
    echo "test/sim/${1#sim_}.c"
  elif [ -n "$(host_of "$1")" ]; then
    echo "test/ship/$1.c"
  elif [ "${1#sim_}" != "$1" ]; then
    echo "test/sim/test_${1#sim_}.c"
  else
    (cd "$tree" && find test -name "test_$1.c") | while read -r source; do
      ! grep -q " $(object_of "$(linked_for "$1")" "$source") " \
        "$work/commands" ||
        echo "$source"
    done
  fi
}

# link SUITE FILE: links the suite with the faulty objects in front of the
# library. A suite that includes the file is compiled again.
link() {
  linked=$(linked_for "$1")
  source=$(source_of "$1")
  own=$(object_of "$linked" "$source")
  object=$own
  objects=$(echo "$mine"/*.o)
  if grep -qx "$source" "$mine/users"; then
    mkdir -p "$(dirname "$mine/$source")"
    cp "$tree/$source" "$mine/$source"
    object=$mine/test/$1.o
    compile "$source" "$object" "$own" || return 1
    case $2 in *.c) objects= ;; esac
  fi
  command=$(grep -e " -o $linked " "$work/commands" |
    sed "s, -o $linked , -o $mine/suite ,
      s, $own , $object $objects ,")
  (cd "$build" && eval "$command") >"$mine/log" 2>&1
}

# expected NAME: prints the suite that should find the fault.
expected() {
  sed -n "s/^$1  *\([a-z_]*\):.*/\1/p" "$table"
}

# suites_for NAME FILE: prints the suites to try. Suites of other adapters do
# not link.
suites_for() {
  if [ -n "$write" ] && [ "$kind" = adapters ]; then
    while read -r suite; do
      [ ! -f "$tree/test/$(dirname "${2#src/}")/test_$suite.c" ] || echo "$suite"
    done <"$work/order"
  elif [ -n "$write" ]; then
    cat "$work/order"
  else
    expected "$1"
  fi
}

# find_out NAME FILE: sets $by to the test that finds the fault, or $no to the
# problem. If the fault must break an invariant, no other failure counts.
find_out() {
  by=
  no='DOES NOT BUILD: write the fault in another way in faults.txt'
  make_objects "$2" || return 0
  wanted=$(faults breaks "$1")
  others=
  suite=
  for suite in $(suites_for "$1" "$2"); do
    link "$suite" "$2" || return 0
    run_again "$suite" "$mine/suite" "$(cat "$work/limit-$suite")" && continue
    [ "${wanted:-$broken}" != "$broken" ] || return 0
    others="$others${others:+; }$by"
    by=
  done
  no=${others:+"NOT BY INVARIANT $wanted, but $others"}
  no=${no:-SURVIVES}
  [ -n "$suite" ] || no='IS NOT IN caught.txt: --write finds the suite'
}

# try NAME
try() {
  file=$(faults apply "$mine" "$1")
  find_out "$1" "$file"
  cp "$tree/$file" "$mine/$file"
  printf '%-44s %s\n' "$1" "${by:-$no}"
  [ -z "$by" ] || printf '%-44s %s\n' "$1" "$by" >>"$mine/found"
}

# write_table: writes the new results, and keeps the other rows.
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
# try_all MESON-OPTION...: tries the faults of $kind in a build with these
# options.
try_all() {
  build=$work/build$(echo "$*" | tr ' =' __)
  set_up "$@"
  rm -f "$work"/worker*/times
  share measure "$work/suites"
  sort -n "$work"/worker*/times | sed 's/.* //' >"$work/order"
  share try "$work/$kind"
}

# try_none COMPONENT: skips the faults of $kind, because COMPONENT is missing.
try_none() {
  # shellcheck disable=SC2046 # on one line
  echo "not tried, because they need $1:" $(cat "$work/$kind")
  grep -vxF -f "$work/$kind" "$work/names" >"$work/rest" || true
  mv "$work/rest" "$work/names"
}

try_kind() {
  case $kind in
  pool | sim) try_all -Dpool=enabled -Dc_args=-DAVOW_NO_QUARANTINE ;;
  plain) try_all -Dpool=disabled -Dtrace=true ;;
  check) try_all -Dpool=enabled -Dcheck=true -Dc_args=-DAVOW_NO_QUARANTINE ;;
  quarantine) try_all -Dpool=enabled ;;
  shared)
    if pkg-config --atleast-version=1.49 libuv; then
      try_all -Dpool=enabled
    else
      try_none 'libuv 1.49'
    fi
    ;;
  curl | nats | tls) with_adapters ;;
  adapters) try_all -Dpool=enabled ;;
  esac
}

# Adds the faults of an installed adapter to those of the other adapters.
with_adapters() {
  case $kind in
  curl) pkg-config --exists 'libcurl >= 7.84' || needs=libcurl ;;
  nats)
    pkg-config --exists 'libnats >= 3.4.0' &&
      PATH=$PATH:/usr/sbin command -v nats-server >/dev/null ||
      needs='libnats and nats-server'
    ;;
  tls) pkg-config --exists 'openssl >= 3.0.0' || needs=OpenSSL ;;
  esac
  if [ -n "$needs" ]; then
    try_none "$needs"
    needs=
  else
    cat "$work/$kind" >>"$work/adapters"
  fi
}

choose "$@" >"$work/names"
copy
# shellcheck disable=SC2046 # a list of words
faults verify "$tree" $(cat "$work/names") || exit 2
while read -r name; do
  echo "$name" >>"$work/$(faults kind "$name")"
done <"$work/names"
mkdir "$work/worker0" "$work/worker0/test"
touch "$work/worker0/found"
needs=
for kind in pool quarantine plain check shared sim curl nats tls adapters; do
  [ ! -f "$work/$kind" ] || try_kind
done

cat "$work"/worker*/found >"$work/found"
total=$(wc -l <"$work/names")
caught=$(wc -l <"$work/found")
echo "$caught of $total faults caught"
[ "$caught" -eq "$total" ]
[ -z "$write" ] || write_table
