#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example simulate as a user would, with its defect and repaired.
# test_simulate.sh SIMULATE MENDED
. "$(dirname "$0")/example.sh"
simulate=$(absolute "$1")
mended=$(absolute "$2")
cd "$dir"

echo "simulate: finds a seed and the choices that it needs"
run 1 "$simulate"
out 'seed [0-9]+ fails: votes were lost or made up'
out '[0-9]+ choices were not plain. Needed to fail: 1'
out '  choice [0-9]+: net\.(cut|takes)'
out ' *[0-9.]+ ms  [0-9]+ yes, [0-9]+ no'

echo "simulate: the failure can be repeated"
again=$(sed -n 's/^  gdb .* --args //p' out | tail -n 1)
seed=$(echo "$again" | sed 's/.* --seed \([0-9]*\) .*/\1/')
eval "run 1 $again" # the command is quoted for a shell
out "seed $seed fails: votes were lost or made up"
cp out first
eval "run 1 $again"
cmp out first || fail "the repeated run differs"

echo "simulate: without these choices the run passes"
run 0 "$simulate" --seed "$seed" --only ''

echo "simulate: the repaired server passes"
run 0 "$mended"
out '1000 seeds, none fails'
run 0 "$mended" --seed "$seed"
run 1 "$mended" --faults net

echo "simulate: arguments"
run 0 "$simulate" --help
run 2 "$simulate" --seed
err 'usage: .*'
echo "all passed"
