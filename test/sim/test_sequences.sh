#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks that random sequences of calls on streams have the same effects with
# libuv and with the simulator: the same callbacks, codes and bytes, in the same
# order.
#
#   test_sequences.sh SEQUENCES SEQUENCES-SIMULATED [SEEDS]
set -eu

SEEDS=${3:-400}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$1" "$dir/pipe" 1 $SEEDS >"$dir/real"
"$2" "$dir/pipe" 1 $SEEDS >"$dir/simulated"
grep -c closed "$dir/real" >"$dir/closed"
test "$(cat "$dir/closed")" -ge $SEEDS # they have done something
diff "$dir/real" "$dir/simulated"
