#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds and runs the fan-out in another language, against the library of this
# build. test_language.sh LANGUAGE SHARED-LIBRARY STATIC-LIBRARY
. "$(dirname "$0")/example.sh"
language=$1
lib=$(absolute "$2")
static=$(absolute "$3")
root=$(cd "$(dirname "$0")/../.." && pwd)
from=$root/examples/languages
cd "$dir"
link="$lib -Wl,-rpath,$(dirname "$lib") $(pkg-config --libs libuv)"
flags="-I$root/include $(pkg-config --cflags libuv)"

# need COMMAND...: skips the test if the command fails. Only compilers of other
# languages may be missing in CI.
need() {
  "$@" >/dev/null 2>&1 || {
    echo "missing: $*"
    case $language in cpp | python | luajit | node) [ -z "${CI:-}" ] ;; esac
    exit 77
  }
}

# make COMMAND...: builds the program, without warnings.
make() {
  "$@" >log 2>&1 || fail "$*"
  [ ! -s log ] || fail "warnings: $*"
}

printf hello >short
: >empty
case $language in
cpp)
  # shellcheck disable=SC2086 # words
  make ${CXX:-c++} -std=c++20 -Wall -Wextra "$from/fanout.cpp" $flags $link \
    -o fanout
  set -- ./fanout
  ;;
rust)
  need rustc --version
  links=
  for arg in $link; do
    links="$links -C link-arg=$arg"
  done
  # shellcheck disable=SC2086 # words
  make rustc "$from/fanout.rs" $links -o fanout
  set -- ./fanout
  ;;
d)
  need gdc --version
  # shellcheck disable=SC2086 # words
  make gdc -Wall "$from/fanout.d" $link -o fanout
  set -- ./fanout
  ;;
python) set -- env "AVOW=$lib" python3 "$from/fanout.py" ;;
luajit)
  need luajit -e 'require("luv")'
  set -- env "AVOW=$lib" luajit "$from/fanout.lua"
  ;;
node)
  node=$(command -v node) || need node --version
  include=$(dirname "$node")/../include/node
  [ -f "$include/node_api.h" ] || include=/usr/include/node
  need test -f "$include/node_api.h"
  # shellcheck disable=SC2086 # words
  make ${CC:-cc} -Wall -Wextra -Wno-unused-parameter -shared -fPIC \
    "$from/fanout_node.c" $flags "-I$include" "$static" -o fanout.node
  set -- env "FANOUT_NODE=$PWD/fanout.node" node "$from/fanout.js"
  ;;
esac

# The last name is not UTF-8.
run 0 "$@" short empty missing "$dir" "$(printf 'not\377')"
out 'short                    fulfilled  5 bytes'
out 'empty                    fulfilled  0 bytes'
out "missing                  rejected   read 'missing': no such file or directory"
out "$dir +rejected   read '$dir': illegal operation on a directory"
LC_ALL=C grep -aq '^not.* rejected ' out || fail 'nothing about the last name'
[ "$(wc -l <out)" -eq 5 ] || fail 'not five lines'
[ ! -s err ] || fail 'stderr is not empty'
echo "all passed"
