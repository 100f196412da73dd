#!/bin/sh
# SPDX-License-Identifier: MIT
# Compile avow/execution.hpp with stdexec, run its tests, and run them again with
# sanitizers. $STDEXEC is a checkout of NVIDIA's stdexec. $CXX is the compiler
# (g++).
set -eu
cd "$(dirname "$0")/../.."
if [ ! -f "${STDEXEC:-}/include/stdexec/execution.hpp" ]; then
  echo 'execution.sh: set STDEXEC to a checkout of stdexec' >&2
  exit 2
fi
out=${OUT:-build-execution}
python3 src/onefile.py "$out"
flags=$(pkg-config --cflags --libs libuv)
for sanitizer in '' -fsanitize=address,undefined -fsanitize=thread; do
  # shellcheck disable=SC2086 # words
  ${CC:-gcc} -O1 -g -DAVOW_CHECKED=1 $sanitizer -c "$out/avow.c" \
    -o "$out/avow.o"
  # shellcheck disable=SC2086 # words
  ${CXX:-g++} -std=c++20 -O1 -g -Wall -Wextra $sanitizer -Iinclude \
    -isystem "$STDEXEC/include" test/cpp/execution.cpp "$out/avow.o" $flags \
    -o "$out/execution"
  "$out/execution"
done
