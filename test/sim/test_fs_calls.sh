#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks that fs_calls prints the same with libuv and with the simulator.
#
#   test_fs_calls.sh PROGRAM SIMULATED [SEQUENCES]
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" 1 "${3:-150}" >"$work/system"
"$2" 1 "${3:-150}" >"$work/simulated"
diff "$work/system" "$work/simulated" >"$work/other" || {
  echo "calls on files differ: the first with $1, the second with $2"
  head -20 "$work/other"
  exit 1
}
