#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example sift as a user would. test_sift.sh SIFT
. "$(dirname "$0")/example.sh"
sift=$(absolute "$1")
cd "$dir"

echo "sift: writes the lines that contain the word"
printf 'one\ntwo\nnone' >a
: >empty
run 0 "$sift" one a empty
printf 'one\nnone\n' | cmp - out || fail 'other lines'

echo "sift: keeps the lines of each file in their order"
seq 5000 >numbers
run 0 "$sift" 7 numbers a numbers
grep 7 numbers >expected
[ "$(wc -l <out)" -eq $((2 * $(wc -l <expected))) ] || fail 'not all lines'
sort -n out | uniq | cmp - expected || fail 'other lines'

echo "sift: reports unreadable files"
run 1 "$sift" one missing
err "sift: open 'missing': no such file or directory"
echo "all passed"
