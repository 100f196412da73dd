#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks that random programs of handles print the same lines with libuv and
# with the simulator.
#
#   test_handles.sh REAL SIMULATED
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$1" 1 500 >"$work/real"
"$2" 1 500 >"$work/simulated"
cmp "$work/real" "$work/simulated" || {
  diff -u "$work/real" "$work/simulated" | head -40
  exit 1
}
echo "$(wc -l <"$work/real") lines"
